-- name: insert_client_registration
INSERT INTO client_registration (client_id, project_id, token_hash, created_at)
VALUES (:client_id, :project_id, :token_hash, :now);

-- name: client_registration
SELECT oauth_client.*, client_registration.token_hash,
       client_registration.created_at AS registered_at
  FROM client_registration JOIN oauth_client ON oauth_client.id = client_registration.client_id
 WHERE client_registration.client_id = :client_id;

-- name: count_unused_registrations
SELECT count(*) AS unused FROM client_registration
 WHERE project_id = :project_id AND used_at IS NULL;

-- name: drop_oldest_unused_client
-- The registration goes with its client.
DELETE FROM oauth_client WHERE id IN
  (SELECT client_id FROM client_registration
    WHERE project_id = :project_id AND used_at IS NULL AND created_at < :before
    ORDER BY created_at LIMIT 1)
RETURNING id;

-- name: note_registration_used
UPDATE client_registration SET used_at = :now WHERE client_id = :client_id AND used_at IS NULL;

-- name: delete_registered_client
DELETE FROM oauth_client
 WHERE id = :client_id AND id IN (SELECT client_id FROM client_registration)
RETURNING id;

-- name: withdraw_consents_of_client
DELETE FROM consent WHERE client_id = :client_id;

-- name: open_sessions_of_client
SELECT id FROM session WHERE client_id = :client_id AND ended_at IS NULL;

-- name: sweep_unused_clients
-- Whoever registers and never signs anybody in leaves nothing behind.
DELETE FROM oauth_client WHERE id IN
  (SELECT client_id FROM client_registration
    WHERE used_at IS NULL AND created_at < :before LIMIT :most)
RETURNING 1;
