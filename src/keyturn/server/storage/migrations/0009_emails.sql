-- What a user wants to be mailed about, where that differs from the default.
CREATE TABLE notification_preference (
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  category_id $TEXT NOT NULL,
  enabled $INT NOT NULL,
  PRIMARY KEY (user_id, category_id)
);

-- Mails that a project's server asked for. What they say is sealed, and goes with the last delivery.
CREATE TABLE outgoing_mail (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  category_id $TEXT,
  subject_sealed $BLOB NOT NULL,
  html_sealed $BLOB,
  created_at $INT NOT NULL
);
CREATE INDEX outgoing_mail_by_age ON outgoing_mail (created_at);

-- One row for each recipient: what became of it. It outlives the user it was for.
CREATE TABLE mail_delivery (
  id $TEXT PRIMARY KEY,
  mail_id $TEXT NOT NULL REFERENCES outgoing_mail (id) ON DELETE CASCADE,
  project_id $TEXT NOT NULL,
  user_id $TEXT NOT NULL,
  is_urgent $INT NOT NULL,
  -- queued, then one of: sent, kept (in the outbox folder), bounced, failed, skipped.
  status $TEXT NOT NULL,
  reason $TEXT,
  address $TEXT,
  attempts $INT NOT NULL,
  -- When it may next be tried; null once there is nothing left to do.
  due_at $INT,
  created_at $INT NOT NULL,
  finished_at $INT
);
CREATE INDEX mail_delivery_due ON mail_delivery (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_delivery_by_mail ON mail_delivery (mail_id);
CREATE INDEX mail_delivery_by_project ON mail_delivery (project_id, created_at);
CREATE INDEX mail_delivery_by_end ON mail_delivery (finished_at);
