-- name: insert_api_key
INSERT INTO api_key (id, project_id, user_id, team_id, key_hash, last_four, description,
                     is_public, created_at, expires_at)
VALUES (:id, :project_id, :user_id, :team_id, :key_hash, :last_four, :description,
        :is_public, :now, :expires_at)
RETURNING *;

-- name: api_key
SELECT * FROM api_key WHERE id = :id AND project_id = :project_id;

-- name: api_key_by_hash
SELECT * FROM api_key WHERE key_hash = :key_hash AND project_id = :project_id;

-- name: api_keys_of_user
SELECT * FROM api_key WHERE user_id = :owner_id AND project_id = :project_id
 ORDER BY created_at DESC, id;

-- name: api_keys_of_team
SELECT * FROM api_key WHERE team_id = :owner_id AND project_id = :project_id
 ORDER BY created_at DESC, id;

-- name: describe_api_key
UPDATE api_key SET description = :description WHERE id = :id AND project_id = :project_id
RETURNING *;

-- name: revoke_api_key
-- Revoking is for ever, and whoever comes second gets no row: the first instant stays.
UPDATE api_key SET revoked_at = :now
 WHERE id = :id AND project_id = :project_id AND revoked_at IS NULL
RETURNING *;
