-- name: notification_preferences
SELECT category_id, enabled FROM notification_preference WHERE user_id = :user_id;

-- name: save_notification_preference
-- No row where there is no such user in the project.
INSERT INTO notification_preference (user_id, category_id, enabled)
SELECT id, CAST(:category_id AS TEXT), CAST(:enabled AS BIGINT) FROM user_account
 WHERE id = :user_id AND project_id = :project_id
ON CONFLICT (user_id, category_id) DO UPDATE SET enabled = excluded.enabled
RETURNING user_id;
