-- Everything that is handed out once and works once: mailed codes, invitations, challenges of a
-- second factor. The code itself is nowhere, only a keyed hash of it.
CREATE TABLE one_time_code (
  id $TEXT PRIMARY KEY,
  code_hash $BLOB NOT NULL UNIQUE,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  kind $TEXT NOT NULL,
  -- Whose it is, where it is somebody's; it goes with the account.
  user_id $TEXT REFERENCES user_account (id) ON DELETE CASCADE,
  -- What it is about, for lists: a team, an address.
  about $TEXT,
  -- Where a short code is guessed at: the hash of the long part that finds the row.
  handle_hash $BLOB UNIQUE,
  guesses $INT NOT NULL DEFAULT 0,
  facts $TEXT NOT NULL,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL,
  used_at $INT
);
CREATE INDEX one_time_code_by_about ON one_time_code (project_id, kind, about);
CREATE INDEX one_time_code_by_user ON one_time_code (user_id);
CREATE INDEX one_time_code_by_end ON one_time_code (expires_at);
