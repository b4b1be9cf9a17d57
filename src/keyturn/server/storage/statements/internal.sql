-- name: delete_project
-- With everything that belongs to it.
DELETE FROM project WHERE id = :id AND declared = 0 RETURNING id;

-- name: insert_key_set
INSERT INTO project_key_set (id, project_id, description, expires_at, created_at)
VALUES (:id, :project_id, :description, :expires_at, :now);

-- name: insert_set_key
INSERT INTO project_set_key (key_hash, set_id, kind, last_four)
VALUES (:key_hash, :set_id, :kind, :last_four);

-- name: key_sets
SELECT project_key_set.*, project_set_key.kind, project_set_key.last_four
  FROM project_key_set LEFT JOIN project_set_key ON project_set_key.set_id = project_key_set.id
 WHERE project_key_set.project_id = :project_id
   AND (:set_id = '' OR project_key_set.id = :set_id)
 ORDER BY project_key_set.created_at DESC, project_key_set.id;

-- name: update_key_set
-- What was revoked stays so, from when it was.
UPDATE project_key_set
   SET description = CASE WHEN :sets_description = 1 THEN :description ELSE description END,
       revoked_at = CASE WHEN :revokes = 1 AND revoked_at IS NULL THEN CAST(:now AS BIGINT)
                         ELSE revoked_at END
 WHERE id = :id AND project_id = :project_id
RETURNING id;

-- name: revoke_key_sets
UPDATE project_key_set SET revoked_at = :now
 WHERE project_id = :project_id AND revoked_at IS NULL;
