-- name: forget_planted_secrets
UPDATE user_account
   SET password_hash = NULL, totp_secret_sealed = NULL, requires_totp_mfa = 0,
       passkey_auth_enabled = 0
 WHERE id = :user_id
RETURNING *;

-- name: forget_planted_passkey
DELETE FROM passkey WHERE user_id = :user_id;

-- name: forget_planted_addresses
DELETE FROM contact_channel WHERE user_id = :user_id AND sign_in_email IS NOT NULL;

-- name: forget_planted_provider_accounts
DELETE FROM provider_account WHERE user_id = :user_id AND allow_sign_in = 1;

-- name: revoke_planted_api_keys
UPDATE api_key SET revoked_at = :now WHERE user_id = :user_id AND revoked_at IS NULL;
