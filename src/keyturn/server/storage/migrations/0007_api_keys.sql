-- Keys with which programs call an app's own API in the name of a user or of a team. Of the text
-- only a keyed hash and the last four characters stay, which say nothing of the secret part.
CREATE TABLE api_key (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  -- One of the two: whose key it is.
  user_id $TEXT REFERENCES user_account (id) ON DELETE CASCADE,
  team_id $TEXT REFERENCES team (id) ON DELETE CASCADE,
  key_hash $BLOB NOT NULL UNIQUE,
  last_four $TEXT NOT NULL,
  description $TEXT NOT NULL,
  is_public $INT NOT NULL,
  created_at $INT NOT NULL,
  expires_at $INT,
  revoked_at $INT
);
CREATE INDEX api_key_by_user ON api_key (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX api_key_by_team ON api_key (team_id, created_at) WHERE team_id IS NOT NULL;
