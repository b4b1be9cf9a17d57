-- name: insert_passkey
-- A credential is one user's: whoever brings somebody else's gets no row.
INSERT INTO passkey (project_id, credential_id, user_id, public_key, sign_count, created_at)
VALUES (:project_id, :credential_id, :user_id, :public_key, :sign_count, :now)
ON CONFLICT (project_id, credential_id) DO NOTHING
RETURNING user_id;

-- name: delete_passkey_of_user
DELETE FROM passkey WHERE user_id = :user_id RETURNING user_id;

-- name: passkey
SELECT * FROM passkey WHERE project_id = :project_id AND credential_id = :credential_id;

-- name: use_passkey
-- What was judged must still be what is stored: not replaced, not counted further.
UPDATE passkey SET sign_count = :sign_count, last_used_at = :now
 WHERE project_id = :project_id AND credential_id = :credential_id
   AND user_id = :user_id AND sign_count = :sign_count_before
RETURNING user_id;
