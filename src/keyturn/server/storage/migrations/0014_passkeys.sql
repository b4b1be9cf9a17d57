-- One passkey a user: a new one takes the place of the old.
CREATE TABLE passkey (
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  credential_id $TEXT NOT NULL,
  user_id $TEXT NOT NULL UNIQUE REFERENCES user_account (id) ON DELETE CASCADE,
  public_key $BLOB NOT NULL,
  -- What the authenticator last counted; 0 if it does not count.
  sign_count $INT NOT NULL,
  created_at $INT NOT NULL,
  last_used_at $INT,
  PRIMARY KEY (project_id, credential_id)
);
ALTER TABLE user_account ADD COLUMN passkey_auth_enabled $INT NOT NULL DEFAULT 0;
