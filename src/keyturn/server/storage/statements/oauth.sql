-- name: oauth_user_may_sign_in
SELECT 1 AS yes FROM user_account WHERE id = :id AND disabled_at IS NULL;

-- name: insert_authorization_code
INSERT INTO authorization_code (code_hash, client_id, project_id, user_id, approved_by,
                                redirect_uri, code_challenge, scope, resource, nonce,
                                claims, authenticated_at, host_name, system, program, ip, user_agent,
                                created_at, expires_at)
VALUES (:code_hash, :client_id, :project_id, :user_id, :approved_by,
        :redirect_uri, :code_challenge, :scope, :resource, :nonce,
        :claims, :authenticated_at, :host_name, :system, :program, :ip, :user_agent,
        :now, :expires_at);

-- name: redeem_authorization_code
-- Of two redemptions at once, the second finds redeemed_at set and gets no row.
UPDATE authorization_code SET redeemed_at = :now
 WHERE code_hash = :code_hash AND client_id = :client_id AND redirect_uri = :redirect_uri
   AND redeemed_at IS NULL AND expires_at > :now
RETURNING *;

-- name: authorization_code
SELECT * FROM authorization_code
 WHERE code_hash = :code_hash AND client_id = :client_id AND redirect_uri = :redirect_uri;

-- name: withdraw_codes_of_user
UPDATE authorization_code SET expires_at = :now
 WHERE user_id = :user_id AND redeemed_at IS NULL AND expires_at > :now;

-- name: note_session_of_code
UPDATE authorization_code SET session_id = :session_id WHERE code_hash = :code_hash;
