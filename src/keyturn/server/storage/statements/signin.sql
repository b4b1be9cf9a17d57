-- name: insert_mail_link
INSERT INTO mail_link (token_hash, project_id, purpose, email, user_id, browser_hash,
                       continue_path, created_at, expires_at)
VALUES (:token_hash, :project_id, :purpose, :email, :user_id, :browser_hash,
        :continue_path, :now, :expires_at);

-- name: live_mail_link
SELECT * FROM mail_link
 WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :now;

-- name: use_mail_link
-- One statement is the lock: a link that is opened twice signs in once.
UPDATE mail_link SET used_at = :now
 WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :now
RETURNING *;

-- name: insert_approval
INSERT INTO approval (token_hash, kind, session_id, request, created_at, expires_at)
VALUES (:token_hash, :kind, :session_id, :request, :now, :expires_at);

-- name: approval
SELECT * FROM approval WHERE token_hash = :token_hash AND session_id = :session_id;

-- name: use_approval
-- The token behind one shown page: it works once, for the session the page was shown to.
UPDATE approval SET used_at = :now, decision = :decision
 WHERE token_hash = :token_hash AND session_id = :session_id
   AND used_at IS NULL AND expires_at > :now
RETURNING *;
