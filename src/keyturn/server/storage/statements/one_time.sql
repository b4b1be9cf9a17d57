-- name: insert_one_time_code
INSERT INTO one_time_code (id, code_hash, project_id, kind, user_id, about, handle_hash, facts,
                           created_at, expires_at)
VALUES (:id, :code_hash, :project_id, :kind, :user_id, :about, :handle_hash, :facts,
        :now, :expires_at);

-- name: one_time_code
SELECT * FROM one_time_code
 WHERE code_hash = :code_hash AND project_id = :project_id AND kind = :kind;

-- name: use_one_time_code
-- One statement is the lock: of any number who bring the code, one goes on.
UPDATE one_time_code SET used_at = :now
 WHERE code_hash = :code_hash AND project_id = :project_id AND kind = :kind
   AND used_at IS NULL AND expires_at > :now
RETURNING *;

-- name: count_guess_at_one_time_code
-- Counted before the guess is looked at, so that guesses made at once are all counted.
UPDATE one_time_code SET guesses = guesses + 1
 WHERE handle_hash = :handle_hash AND project_id = :project_id AND kind = :kind
RETURNING *;

-- name: live_one_time_codes
SELECT * FROM one_time_code
 WHERE project_id = :project_id AND kind = :kind AND about = :about
   AND used_at IS NULL AND expires_at > :now
 ORDER BY created_at, id;

-- name: live_one_time_code_by_id
SELECT * FROM one_time_code
 WHERE id = :id AND project_id = :project_id AND kind = :kind
   AND used_at IS NULL AND expires_at > :now;

-- name: revoke_one_time_code
DELETE FROM one_time_code
 WHERE id = :id AND project_id = :project_id AND kind = :kind AND used_at IS NULL
RETURNING id;

-- name: revoke_one_time_codes_of_user
DELETE FROM one_time_code WHERE user_id = :user_id AND kind = :kind AND used_at IS NULL;
