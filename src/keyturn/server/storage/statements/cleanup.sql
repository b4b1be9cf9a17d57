-- name: sweep_authorization_codes
DELETE FROM authorization_code WHERE code_hash IN
  (SELECT code_hash FROM authorization_code WHERE expires_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_device_authorizations
DELETE FROM device_authorization WHERE id IN
  (SELECT id FROM device_authorization WHERE expires_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_cli_login_attempts
DELETE FROM cli_login_attempt WHERE id IN
  (SELECT id FROM cli_login_attempt WHERE expires_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_approvals
DELETE FROM approval WHERE token_hash IN
  (SELECT token_hash FROM approval WHERE expires_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_mail_links
DELETE FROM mail_link WHERE token_hash IN
  (SELECT token_hash FROM mail_link WHERE expires_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_limits
DELETE FROM attempt_limit WHERE name IN
  (SELECT name FROM attempt_limit WHERE window_ends_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_sessions
-- Only what no page lists and no token can use any more.
DELETE FROM session WHERE id IN
  (SELECT id FROM session
    WHERE (ended_at IS NOT NULL AND ended_at < :before) OR absolute_expires_at < :before
    LIMIT :most)
RETURNING 1;

-- name: sweep_refresh_events
DELETE FROM audit_event WHERE id IN
  (SELECT id FROM audit_event
    WHERE kind = 'session.refreshed' AND created_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_one_time_codes
DELETE FROM one_time_code WHERE id IN
  (SELECT id FROM one_time_code WHERE expires_at < :before LIMIT :most)
RETURNING 1;
