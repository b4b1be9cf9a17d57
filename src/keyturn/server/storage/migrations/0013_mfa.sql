-- The last 30-second step whose code opened something: none of it or before it does so again.
ALTER TABLE user_account ADD COLUMN totp_last_step $INT;
