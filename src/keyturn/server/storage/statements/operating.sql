-- name: signing_keys
-- Every key of every purpose, without its private half; what signs stands before what follows.
SELECT kid, purpose, position, public_jwk, created_at, retired_at
  FROM signing_key
 ORDER BY purpose, position;

-- name: latest_known_instant
-- Small tables only: enough to notice a clock that was set back by more than a moment.
SELECT max(seen) AS seen FROM (
  SELECT max(created_at) AS seen FROM signing_key
  UNION ALL SELECT max(created_at) FROM project
  UNION ALL SELECT CAST(max(value) AS BIGINT) FROM server_meta WHERE name = 'ready_at') AS instants;

-- name: save_server_meta
INSERT INTO server_meta (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: sealed_signing_keys
SELECT kid, private_sealed FROM signing_key WHERE retired_at IS NULL;

-- name: live_sessions
SELECT count(*) AS live FROM session WHERE ended_at IS NULL;

-- name: end_every_session
UPDATE session SET ended_at = :now, ended_reason = :reason WHERE ended_at IS NULL;

-- name: void_authorization_codes
DELETE FROM authorization_code RETURNING 1;

-- name: void_device_authorizations
DELETE FROM device_authorization RETURNING 1;

-- name: void_cli_login_attempts
DELETE FROM cli_login_attempt RETURNING 1;

-- name: void_approvals
DELETE FROM approval RETURNING 1;

-- name: void_mail_links
DELETE FROM mail_link RETURNING 1;
