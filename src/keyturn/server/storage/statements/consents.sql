-- name: consent
SELECT scope, resource, claims FROM consent WHERE user_id = :user_id AND client_id = :client_id;

-- name: save_consent
INSERT INTO consent (user_id, client_id, scope, resource, claims, given_at)
VALUES (:user_id, :client_id, :scope, :resource, :claims, :now)
ON CONFLICT (user_id, client_id) DO UPDATE
   SET scope = excluded.scope, resource = excluded.resource, claims = excluded.claims,
       given_at = excluded.given_at;

-- name: withdraw_consent
DELETE FROM consent WHERE user_id = :user_id AND client_id = :client_id;

-- name: withdraw_consents_of_user
DELETE FROM consent WHERE user_id = :user_id;
