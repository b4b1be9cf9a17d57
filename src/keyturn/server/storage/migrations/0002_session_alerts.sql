-- What an account's owner is to be told of a session: written in the transaction that ended it, so
-- that no crash comes between the end and the telling. It goes when its session goes.
CREATE TABLE session_alert (
  session_id $TEXT PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  -- Where the old token came from.
  ip $TEXT,
  created_at $INT NOT NULL,
  -- When the mail may next be tried; null once there is nothing left to send.
  mail_due_at $INT,
  -- When the owner put the notice on the sessions page away.
  dismissed_at $INT
);
CREATE INDEX session_alert_by_user ON session_alert (user_id, created_at);
CREATE INDEX session_alert_due ON session_alert (mail_due_at) WHERE mail_due_at IS NOT NULL;

-- Refreshes are the one thing that is written down often; they are found again to be swept.
CREATE INDEX audit_event_refreshed ON audit_event (created_at) WHERE kind = 'session.refreshed';
