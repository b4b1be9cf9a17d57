-- name: totp_of_user
SELECT totp_secret_sealed, totp_last_step FROM user_account WHERE id = :user_id;

-- name: set_totp_of_user
UPDATE user_account
   SET totp_secret_sealed = :sealed, requires_totp_mfa = :required, totp_last_step = :last_step
 WHERE id = :user_id
RETURNING *;

-- name: use_totp_step
-- One statement is the lock: of any number who bring one code, one goes on.
UPDATE user_account SET totp_last_step = :step
 WHERE id = :user_id AND requires_totp_mfa = 1
   AND (totp_last_step IS NULL OR totp_last_step < :step)
RETURNING id;
