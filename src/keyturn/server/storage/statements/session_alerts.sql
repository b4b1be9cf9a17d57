-- name: insert_session_alert
INSERT INTO session_alert (session_id, user_id, ip, created_at, mail_due_at)
VALUES (:session_id, :user_id, :ip, :now, :now);

-- name: due_session_alert
SELECT session_id FROM session_alert WHERE mail_due_at <= :now ORDER BY mail_due_at LIMIT 1;

-- name: claim_session_alert
-- Whoever moves the time on has the alert until then: of two processes one gets no row. A sender
-- that dies leaves it to be sent by the next once that time has come.
UPDATE session_alert SET mail_due_at = :until
 WHERE session_id = :session_id AND mail_due_at <= :now
RETURNING *;

-- name: put_off_session_alert
UPDATE session_alert SET mail_due_at = :until WHERE session_id = :session_id;

-- name: settle_session_alert
UPDATE session_alert SET mail_due_at = NULL WHERE session_id = :session_id;

-- name: session_alerts_of_user
SELECT session_alert.session_id, session_alert.ip, session_alert.created_at,
       session.client_id, session.host_name
  FROM session_alert JOIN session ON session.id = session_alert.session_id
 WHERE session_alert.user_id = :user_id AND session_alert.dismissed_at IS NULL
 ORDER BY session_alert.created_at DESC, session_alert.session_id LIMIT :most;

-- name: dismiss_session_alert
UPDATE session_alert SET dismissed_at = :now
 WHERE session_id = :session_id AND user_id = :user_id AND dismissed_at IS NULL;
