-- name: put_vault_entry
INSERT INTO vault_entry (project_id, store_id, key_hash, value_sealed, updated_at)
VALUES (:project_id, :store_id, :key_hash, :sealed, :now)
ON CONFLICT (project_id, store_id, key_hash) DO UPDATE
   SET value_sealed = excluded.value_sealed, updated_at = excluded.updated_at;

-- name: vault_entry
SELECT value_sealed FROM vault_entry
 WHERE project_id = :project_id AND store_id = :store_id AND key_hash = :key_hash;
