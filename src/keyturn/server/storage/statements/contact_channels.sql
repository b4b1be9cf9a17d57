-- name: contact_channels_of_user
SELECT * FROM contact_channel WHERE user_id = :user_id ORDER BY created_at, id;

-- name: insert_contact_channel
INSERT INTO contact_channel (id, project_id, user_id, value, folded, sign_in_email, is_verified,
                             created_at)
VALUES (:id, :project_id, :user_id, :value, :folded, :sign_in_email, :is_verified, :created_at);

-- name: delete_contact_channel
DELETE FROM contact_channel WHERE id = :id AND user_id = :user_id;

-- name: verify_contact_channel
UPDATE contact_channel SET is_verified = 1 WHERE user_id = :user_id AND folded = :folded;
