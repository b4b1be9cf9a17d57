-- Accounts elsewhere: who at a provider a user of a project is.
CREATE TABLE provider_account (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  provider_id $TEXT NOT NULL,
  -- The provider's own name for the person, which never changes.
  account_id $TEXT NOT NULL,
  email $TEXT,
  allow_sign_in $INT NOT NULL,
  allow_connected_accounts $INT NOT NULL,
  created_at $INT NOT NULL,
  UNIQUE (user_id, provider_id, account_id)
);
-- Whoever comes from a provider is one person here.
CREATE UNIQUE INDEX provider_account_signs_in ON provider_account
  (project_id, provider_id, account_id) WHERE allow_sign_in = 1;
CREATE INDEX provider_account_by_project ON provider_account (project_id, created_at);

-- What the provider gave for such an account: one row for each set of scopes.
CREATE TABLE provider_token (
  id $TEXT PRIMARY KEY,
  account $TEXT NOT NULL REFERENCES provider_account (id) ON DELETE CASCADE,
  -- Sorted, with spaces between.
  scope $TEXT NOT NULL,
  access_token_sealed $BLOB NOT NULL,
  -- Null: the provider did not say.
  access_expires_at $INT,
  refresh_token_sealed $BLOB,
  version $INT NOT NULL,
  -- Until when one process may renew it; the others wait.
  renewing_until $INT,
  updated_at $INT NOT NULL,
  UNIQUE (account, scope)
);
