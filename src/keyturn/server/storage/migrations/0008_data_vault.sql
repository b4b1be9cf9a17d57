-- What projects' servers keep in their data vault. The key is the keyed hash of a hash that the
-- client made; the value was encrypted by the client and is sealed for project, store and key.
CREATE TABLE vault_entry (
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  store_id $TEXT NOT NULL,
  key_hash $BLOB NOT NULL,
  value_sealed $BLOB NOT NULL,
  updated_at $INT NOT NULL,
  PRIMARY KEY (project_id, store_id, key_hash)
);
