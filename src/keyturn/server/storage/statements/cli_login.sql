-- name: insert_cli_login_attempt
INSERT INTO cli_login_attempt (id, project_id, polling_code_hash, login_code_hash,
                               anonymous_user_id, anonymous_token_sealed, anonymous_session_id,
                               public_key, private_key_sealed, ip, user_agent,
                               created_at, expires_at)
VALUES (:id, :project_id, :polling_code_hash, :login_code_hash,
        :anonymous_user_id, :anonymous_token_sealed, :anonymous_session_id,
        :public_key, :private_key_sealed, :ip, :user_agent,
        :now, :expires_at);

-- name: cli_login_attempt_by_polling_code
SELECT * FROM cli_login_attempt WHERE polling_code_hash = :polling_code_hash;

-- name: cli_login_attempt_by_login_code
SELECT * FROM cli_login_attempt WHERE login_code_hash = :login_code_hash;

-- name: decide_cli_login_attempt
-- Of any number of decisions at once, the first sets the decision; the others get no row.
-- The anonymous session is let go: it was never merged into whoever decided.
UPDATE cli_login_attempt
   SET decision = :decision, decided_at = :now, decided_by = :decided_by,
       refresh_token_sealed = :refresh_token_sealed,
       anonymous_user_id = NULL, anonymous_session_id = NULL, anonymous_token_sealed = NULL
 WHERE id = :id AND decision IS NULL AND used_at IS NULL AND expires_at > :now
RETURNING id;

-- name: claim_anonymous_session_of_attempt
-- Of any number of claims at once, the first takes the session away; the others get no row.
UPDATE cli_login_attempt
   SET anonymous_user_id = NULL, anonymous_session_id = NULL, anonymous_token_sealed = NULL
 WHERE id = :id AND anonymous_token_sealed IS NOT NULL
   AND decision IS NULL AND used_at IS NULL AND expires_at > :now
RETURNING id;

-- name: redeem_cli_login_attempt
-- Of any number of polls at once, the first sets used_at; the others get no row. What was sealed
-- for the poll goes with it.
UPDATE cli_login_attempt
   SET used_at = :now, refresh_token_sealed = NULL, private_key_sealed = :nothing
 WHERE id = :id AND decision = 'approved' AND used_at IS NULL AND expires_at > :now
RETURNING id;
