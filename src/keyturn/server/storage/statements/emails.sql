-- name: insert_outgoing_mail
INSERT INTO outgoing_mail (id, project_id, category_id, subject_sealed, html_sealed, created_at)
VALUES (:id, :project_id, :category_id, :subject_sealed, :html_sealed, :now);

-- name: insert_mail_delivery
-- No row where there is no such user in the project.
INSERT INTO mail_delivery (id, mail_id, project_id, user_id, is_urgent, status, attempts, due_at,
                           created_at)
SELECT CAST(:mail_id AS TEXT) || ':' || id, CAST(:mail_id AS TEXT), project_id, id,
       CAST(:is_urgent AS BIGINT), 'queued', 0, CAST(:due_at AS BIGINT), CAST(:now AS BIGINT)
  FROM user_account WHERE id = :user_id AND project_id = :project_id
RETURNING user_id;

-- name: insert_mail_deliveries_to_all
INSERT INTO mail_delivery (id, mail_id, project_id, user_id, is_urgent, status, attempts, due_at,
                           created_at)
SELECT CAST(:mail_id AS TEXT) || ':' || id, CAST(:mail_id AS TEXT), project_id, id,
       CAST(:is_urgent AS BIGINT), 'queued', 0, CAST(:due_at AS BIGINT), CAST(:now AS BIGINT)
  FROM user_account WHERE project_id = :project_id
RETURNING user_id;

-- name: due_mail_delivery
SELECT id FROM mail_delivery
 WHERE due_at IS NOT NULL AND due_at <= :now
 ORDER BY is_urgent DESC, due_at, id LIMIT 1;

-- name: claim_mail_delivery
-- Whoever moves the time on has the delivery until then: of two processes one gets no row. A sender
-- that dies leaves it to be sent by the next once that time has come.
UPDATE mail_delivery SET due_at = :until, attempts = attempts + 1
 WHERE id = :id AND due_at <= :now
RETURNING *;

-- name: outgoing_mail
SELECT * FROM outgoing_mail WHERE id = :id;

-- name: put_off_mail_delivery
UPDATE mail_delivery SET due_at = :until, reason = :reason WHERE id = :id AND due_at IS NOT NULL;

-- name: finish_mail_delivery
UPDATE mail_delivery
   SET status = :status, reason = :reason, address = :address, due_at = NULL, finished_at = :now
 WHERE id = :id AND due_at IS NOT NULL;

-- name: forget_mail_content
-- With the last delivery nobody needs the text any more.
UPDATE outgoing_mail SET html_sealed = NULL
 WHERE id = :id
   AND NOT EXISTS (SELECT 1 FROM mail_delivery WHERE mail_id = :id AND due_at IS NOT NULL);

-- name: mail_statistics
SELECT COALESCE(SUM(CASE WHEN status = 'sent' AND finished_at > :hour THEN 1 ELSE 0 END), 0)
         AS sent_hour,
       COALESCE(SUM(CASE WHEN status = 'sent' AND finished_at > :day THEN 1 ELSE 0 END), 0)
         AS sent_day,
       COALESCE(SUM(CASE WHEN status = 'sent' AND finished_at > :week THEN 1 ELSE 0 END), 0)
         AS sent_week,
       COALESCE(SUM(CASE WHEN status = 'sent' THEN 1 ELSE 0 END), 0) AS sent_month,
       COALESCE(SUM(CASE WHEN status = 'bounced' AND finished_at > :hour THEN 1 ELSE 0 END), 0)
         AS bounced_hour,
       COALESCE(SUM(CASE WHEN status = 'bounced' AND finished_at > :day THEN 1 ELSE 0 END), 0)
         AS bounced_day,
       COALESCE(SUM(CASE WHEN status = 'bounced' AND finished_at > :week THEN 1 ELSE 0 END), 0)
         AS bounced_week,
       COALESCE(SUM(CASE WHEN status = 'bounced' THEN 1 ELSE 0 END), 0) AS bounced_month
  FROM mail_delivery
 WHERE project_id = :project_id AND finished_at > :month;

-- name: newest_mail_deliveries
SELECT mail_delivery.*, outgoing_mail.subject_sealed
  FROM mail_delivery JOIN outgoing_mail ON outgoing_mail.id = mail_delivery.mail_id
 WHERE mail_delivery.project_id = :project_id
 ORDER BY mail_delivery.created_at DESC, mail_delivery.id LIMIT :most;

-- name: sweep_mail_deliveries
DELETE FROM mail_delivery WHERE id IN
  (SELECT id FROM mail_delivery WHERE finished_at < :before LIMIT :most)
RETURNING 1;

-- name: sweep_outgoing_mails
DELETE FROM outgoing_mail WHERE id IN
  (SELECT id FROM outgoing_mail
    WHERE created_at < :before
      AND NOT EXISTS (SELECT 1 FROM mail_delivery WHERE mail_id = outgoing_mail.id)
    LIMIT :most)
RETURNING 1;
