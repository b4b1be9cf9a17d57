-- The addresses of a user beside the primary one, which stays where it is: in user_account. So every
-- fact about an address has one place, and a server of the version before goes on writing there.
CREATE TABLE contact_channel (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  value $TEXT NOT NULL,
  folded $TEXT NOT NULL,
  -- The folded address where it signs in, null where it does not; as in user_account.
  sign_in_email $TEXT,
  is_verified $INT NOT NULL,
  created_at $INT NOT NULL
);
CREATE UNIQUE INDEX contact_channel_of_user ON contact_channel (user_id, folded);
CREATE UNIQUE INDEX contact_channel_by_sign_in_email ON contact_channel (project_id, sign_in_email);

-- By which id the primary address is addressed; null means one that follows from the user's own id.
ALTER TABLE user_account ADD COLUMN primary_channel_id $TEXT;
