-- name: insert_provider_account
INSERT INTO provider_account (id, project_id, user_id, provider_id, account_id, email,
                              allow_sign_in, allow_connected_accounts, created_at)
VALUES (:id, :project_id, :user_id, :provider_id, :account_id, :email,
        :allow_sign_in, :allow_connected_accounts, :now)
RETURNING *;

-- name: provider_account
SELECT * FROM provider_account
 WHERE id = :id AND user_id = :user_id AND project_id = :project_id;

-- name: provider_accounts
-- Oldest first; of one user, or of the whole project.
SELECT * FROM provider_account
 WHERE project_id = :project_id AND (:user_id = '' OR user_id = :user_id)
 ORDER BY created_at, id;

-- name: provider_account_signing_in
SELECT * FROM provider_account
 WHERE project_id = :project_id AND provider_id = :provider_id AND account_id = :account_id
   AND allow_sign_in = 1;

-- name: update_provider_account
UPDATE provider_account
   SET account_id = :account_id, email = :email, allow_sign_in = :allow_sign_in,
       allow_connected_accounts = :allow_connected_accounts
 WHERE id = :id AND project_id = :project_id
RETURNING *;

-- name: delete_provider_account
DELETE FROM provider_account
 WHERE id = :id AND user_id = :user_id AND project_id = :project_id
RETURNING id;

-- name: save_provider_token
INSERT INTO provider_token (id, account, scope, access_token_sealed, access_expires_at,
                            refresh_token_sealed, version, updated_at)
VALUES (:id, :account, :scope, :access_token_sealed, :access_expires_at,
        :refresh_token_sealed, 1, :now)
ON CONFLICT (account, scope) DO UPDATE
   SET access_token_sealed = excluded.access_token_sealed,
       access_expires_at = excluded.access_expires_at,
       refresh_token_sealed = COALESCE(excluded.refresh_token_sealed,
                                       provider_token.refresh_token_sealed),
       version = provider_token.version + 1, renewing_until = NULL,
       updated_at = excluded.updated_at
RETURNING id;

-- name: provider_tokens
SELECT * FROM provider_token WHERE account = :account ORDER BY updated_at DESC, id;

-- name: delete_provider_tokens
DELETE FROM provider_token WHERE account = :account;

-- name: delete_old_provider_tokens
-- People choose scopes, so the number of rows must not be theirs to choose.
DELETE FROM provider_token
 WHERE account = :account
   AND id NOT IN (SELECT id FROM provider_token WHERE account = :account
                   ORDER BY updated_at DESC, id LIMIT :most);

-- name: claim_provider_token
-- One statement is the lock: a rotating refresh token must not be sent twice.
UPDATE provider_token SET renewing_until = :until
 WHERE id = :id AND version = :version AND (renewing_until IS NULL OR renewing_until <= :now)
RETURNING *;

-- name: renew_provider_token
UPDATE provider_token
   SET access_token_sealed = :access_token_sealed, access_expires_at = :access_expires_at,
       refresh_token_sealed = :refresh_token_sealed, version = version + 1,
       renewing_until = NULL, updated_at = :now
 WHERE id = :id AND version = :version
RETURNING *;

-- name: release_provider_token
UPDATE provider_token SET renewing_until = NULL WHERE id = :id AND version = :version;

-- name: end_provider_refresh
-- The provider knows the refresh token no more; what is left lives as long as its access token.
UPDATE provider_token
   SET refresh_token_sealed = NULL, version = version + 1, renewing_until = NULL
 WHERE id = :id AND version = :version;
