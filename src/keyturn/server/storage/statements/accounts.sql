-- name: user
SELECT * FROM user_account WHERE id = :id AND project_id = :project_id;

-- name: user_by_sign_in_email
-- Two look-ups by index; at most one of them finds somebody.
SELECT * FROM user_account WHERE project_id = :project_id AND sign_in_email = :email
UNION ALL
SELECT user_account.* FROM contact_channel
  JOIN user_account ON user_account.id = contact_channel.user_id
 WHERE contact_channel.project_id = :project_id AND contact_channel.sign_in_email = :email;

-- name: insert_user
-- Of two sign-ups racing for an address, the second gets no row.
INSERT INTO user_account (id, project_id, display_name, primary_email, primary_email_verified,
                          sign_in_email, password_hash, is_anonymous, otp_auth_enabled,
                          requires_totp_mfa, restricted_by_admin, signed_up_at, last_active_at,
                          created_at)
VALUES (:id, :project_id, :display_name, :primary_email, :primary_email_verified,
        :sign_in_email, :password_hash, :is_anonymous, 0, 0, 0, :now, :now, :now)
ON CONFLICT (project_id, sign_in_email) DO NOTHING
RETURNING *;

-- name: insert_host_user
-- Somebody whom the app around us signed in. Of two first visits at once, one makes the row.
INSERT INTO user_account (id, project_id, primary_email_verified, is_anonymous, otp_auth_enabled,
                          requires_totp_mfa, restricted_by_admin, signed_up_at, last_active_at,
                          created_at)
VALUES (:id, :project_id, 0, 0, 0, 0, 0, :now, :now, :now)
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: update_user
UPDATE user_account
   SET display_name = :display_name, primary_email = :primary_email,
       primary_email_verified = :primary_email_verified, sign_in_email = :sign_in_email,
       password_hash = :password_hash, is_anonymous = :is_anonymous,
       profile_image_url = :profile_image_url, client_metadata = :client_metadata,
       client_read_only_metadata = :client_read_only_metadata,
       server_metadata = :server_metadata, selected_team_id = :selected_team_id,
       restricted_by_admin = :restricted_by_admin, restricted_reason = :restricted_reason,
       restricted_private_details = :restricted_private_details,
       otp_auth_enabled = :otp_auth_enabled, requires_totp_mfa = :requires_totp_mfa,
       country_code = :country_code, risk_scores = :risk_scores,
       signed_up_at = :signed_up_at, last_active_at = :last_active_at, disabled_at = :disabled_at,
       primary_channel_id = :primary_channel_id, passkey_auth_enabled = :passkey_auth_enabled
 WHERE id = :id AND project_id = :project_id
RETURNING *;

-- name: set_password_hash
UPDATE user_account SET password_hash = :password_hash
 WHERE id = :id AND (password_hash = :replacing OR (password_hash IS NULL AND :replacing IS NULL))
RETURNING id;

-- name: touch_user
UPDATE user_account SET last_active_at = :now WHERE id = :id AND last_active_at < :now;

-- name: delete_user
DELETE FROM user_account WHERE id = :id AND project_id = :project_id RETURNING id;

-- name: users_of_project
-- One page in the order asked for: :direction is 1 or -1, and what comes before the cursor's own
-- place in that order is left out. A team narrows the list to its members.
SELECT user_account.* FROM user_account
 WHERE project_id = :project_id
   AND (:anonymous = 'all' OR is_anonymous = CASE :anonymous WHEN 'only' THEN 1 ELSE 0 END)
   AND (:restricted = 1 OR restricted_by_admin = 0)
   AND (:team_id = '' OR EXISTS (SELECT 1 FROM team_member
                                  WHERE team_member.team_id = :team_id
                                    AND team_member.user_id = user_account.id))
   AND (:query = '' OR LOWER(COALESCE(primary_email, '')) LIKE :query ESCAPE '\'
        OR LOWER(COALESCE(display_name, '')) LIKE :query ESCAPE '\' OR id = :plain_query)
   AND (:after_id = ''
        OR CASE :order_by WHEN 'last_active_at' THEN last_active_at ELSE signed_up_at END
           * CAST(:direction AS BIGINT)
           > CAST(:after_value AS BIGINT) * CAST(:direction AS BIGINT)
        OR (CASE :order_by WHEN 'last_active_at' THEN last_active_at ELSE signed_up_at END
            = :after_value AND id > :after_id))
 ORDER BY CASE :order_by WHEN 'last_active_at' THEN last_active_at ELSE signed_up_at END
          * CAST(:direction AS BIGINT), id
 LIMIT :most;
