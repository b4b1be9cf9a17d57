-- Keys of a project that its administrators gave out: a set has one of each kind at most, a
-- description and an end. The keys themselves are stored as keyed hashes.
CREATE TABLE project_key_set (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  description $TEXT NOT NULL,
  expires_at $INT NOT NULL,
  revoked_at $INT,
  created_at $INT NOT NULL
);
CREATE INDEX project_key_set_by_project ON project_key_set (project_id, created_at);

CREATE TABLE project_set_key (
  key_hash $BLOB PRIMARY KEY,
  set_id $TEXT NOT NULL REFERENCES project_key_set (id) ON DELETE CASCADE,
  kind $TEXT NOT NULL,
  -- What people recognise it by.
  last_four $TEXT NOT NULL
);
CREATE INDEX project_set_key_by_set ON project_set_key (set_id);
