-- name: insert_device_authorization
-- A user code that is taken gives no row; the caller draws another.
INSERT INTO device_authorization (id, device_code_hash, user_code_hash, client_id, project_id,
                                  scope, resource, host_name, system, program, ip, user_agent,
                                  interval_seconds, created_at, expires_at)
VALUES (:id, :device_code_hash, :user_code_hash, :client_id, :project_id,
        :scope, :resource, :host_name, :system, :program, :ip, :user_agent,
        :interval_seconds, :now, :expires_at)
ON CONFLICT (user_code_hash) DO NOTHING
RETURNING id;

-- name: open_device_authorization
-- The first browser to open a code owns it from then on; every other one gets no row.
UPDATE device_authorization SET owner_hash = :owner
 WHERE user_code_hash = :user_code_hash AND project_id = :project_id AND expires_at > :now
   AND (owner_hash IS NULL OR owner_hash = :owner)
RETURNING *;

-- name: owned_device_authorization
SELECT * FROM device_authorization WHERE id = :id AND owner_hash = :owner AND expires_at > :now;

-- name: decide_device_authorization
-- Of an approval and a denial at once, the second finds the decision made and gets no row.
UPDATE device_authorization
   SET decision = :decision, decided_at = :now, user_id = :user_id, approved_by = :approved_by
 WHERE id = :id AND owner_hash = :owner AND project_id = :project_id
   AND decision IS NULL AND expires_at > :now
RETURNING *;

-- name: device_authorization_by_code
-- No more than a poll looks at: nothing is asked for as often.
SELECT id, client_id, resource, decision, redeemed_at, expires_at, interval_seconds, last_polled_at
  FROM device_authorization WHERE device_code_hash = :device_code_hash;

-- name: slow_device_down
-- A poll before its time makes the interval longer for good (RFC 8628 section 3.5).
UPDATE device_authorization
   SET interval_seconds = interval_seconds + :slower_by, last_polled_at = :now
 WHERE id = :id;

-- name: redeem_device_authorization
-- However many poll, one finds redeemed_at empty.
UPDATE device_authorization SET redeemed_at = :now
 WHERE id = :id AND decision = 'approve' AND redeemed_at IS NULL AND expires_at > :now
RETURNING *;

-- name: note_session_of_device
UPDATE device_authorization SET session_id = :session_id WHERE id = :id;

-- name: withdraw_device_authorization
-- "This was not me": an approval that the program has not collected yet becomes a refusal. Of this
-- and the program's redemption exactly one comes first; the answer tells which.
UPDATE device_authorization
   SET decision = CASE WHEN redeemed_at IS NULL THEN 'deny' ELSE decision END
 WHERE id = :id AND owner_hash = :owner AND decision = 'approve'
RETURNING *;

-- name: withdraw_devices_of_user
UPDATE device_authorization SET decision = 'deny'
 WHERE user_id = :user_id AND decision = 'approve' AND redeemed_at IS NULL;
