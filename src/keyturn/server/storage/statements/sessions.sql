-- name: insert_session
INSERT INTO session (id, project_id, user_id, client_id, kind, rotation, token_hash, generation,
                     sibling, predecessor_sibling, successor_used, acknowledged, rotated_at,
                     siblings_since, siblings_made, scope, resource, claims, authenticated_at,
                     idle_seconds, idle_expires_at, absolute_expires_at, approved_by, host_name,
                     system, program, user_agent, ip, last_used_ip, last_used_at, created_at)
VALUES (:id, :project_id, :user_id, :client_id, :kind, :rotation, :token_hash, 0,
        0, 0, 0, 0, :now, 0, 0, :scope, :resource, :claims, :authenticated_at,
        :idle_seconds, :idle_expires_at, :absolute_expires_at, :approved_by, :host_name,
        :system, :program, :user_agent, :ip, :ip, :now, :now)
RETURNING *;

-- name: session
SELECT * FROM session WHERE id = :id;

-- name: session_by_token
SELECT * FROM session WHERE token_hash = :token_hash;

-- name: live_sessions_of_user
SELECT * FROM session
 WHERE user_id = :user_id AND ended_at IS NULL AND absolute_expires_at > :now
   AND (idle_expires_at IS NULL OR idle_expires_at > :now)
 ORDER BY created_at DESC, id;

-- name: rotate_session
-- One conditional statement is the lock: of two refreshes with the same token one finds the
-- generation moved on and gets no row. Nor does the session of a disabled account.
UPDATE session
   SET generation = generation + 1, predecessor_sibling = sibling, sibling = 0, successor_used = 0,
       rotated_at = :now, last_used_at = :now, last_used_ip = :ip,
       idle_expires_at = CASE WHEN idle_seconds IS NULL THEN NULL
                              ELSE :now + idle_seconds * 1000 END
 WHERE id = :id AND generation = :generation AND sibling = :sibling
   AND rotation = 'supersede' AND ended_at IS NULL AND absolute_expires_at > :now
   AND (idle_expires_at IS NULL OR idle_expires_at > :now)
   AND EXISTS (SELECT 1 FROM user_account
                WHERE user_account.id = session.user_id AND user_account.disabled_at IS NULL)
RETURNING *;

-- name: record_refresh
-- The audit log's word for the refresh that has just moved a family.
INSERT INTO audit_event (id, project_id, kind, user_id, session_id, ip, facts, created_at)
SELECT :event_id, project_id, 'session.refreshed', user_id, id, last_used_ip,
       '{"generation": ' || generation || ', "sibling": ' || sibling || '}', rotated_at
  FROM session WHERE id = :id;

-- name: add_sibling
-- The predecessor was presented again and the successor never used: a new successor takes its
-- place. Conditional on all that was judged, so of two at once one gets no row and is judged anew.
UPDATE session
   SET sibling = sibling + 1, rotated_at = :now, last_used_at = :now, last_used_ip = :ip,
       siblings_made = CASE WHEN siblings_since <= CAST(:now AS BIGINT) - 3600000 THEN 1
                            ELSE siblings_made + 1 END,
       siblings_since = CASE WHEN siblings_since <= CAST(:now AS BIGINT) - 3600000 THEN :now
                             ELSE siblings_since END
 WHERE id = :id AND generation = :generation AND sibling = :sibling AND successor_used = 0
   AND rotation = 'supersede' AND ended_at IS NULL
RETURNING *;

-- name: use_successor
-- The access token of the current generation arrived somewhere: its predecessor has served.
UPDATE session SET successor_used = 1
 WHERE id = :id AND generation = :generation AND sibling = :sibling AND successor_used = 0
   AND (acknowledged = 1 OR rotated_at < :window_start);

-- name: acknowledge_successor
-- From now on this family has no window: its client tells when an answer is safe.
UPDATE session SET successor_used = 1, acknowledged = 1
 WHERE id = :id AND generation = :generation AND sibling = :sibling AND ended_at IS NULL;

-- name: touch_session
UPDATE session
   SET last_used_at = :now, last_used_ip = COALESCE(:ip, last_used_ip),
       idle_expires_at = CASE WHEN idle_seconds IS NULL THEN NULL
                              ELSE :now + idle_seconds * 1000 END
 WHERE id = :id AND ended_at IS NULL;

-- name: end_session
UPDATE session SET ended_at = :now, ended_reason = :reason
 WHERE id = :id AND ended_at IS NULL
RETURNING *;

-- name: end_sessions_of_user
UPDATE session SET ended_at = :now, ended_reason = :reason
 WHERE user_id = :user_id AND ended_at IS NULL AND id <> :but
RETURNING id;

-- name: end_programs_of_user
UPDATE session SET ended_at = :now, ended_reason = :reason
 WHERE user_id = :user_id AND ended_at IS NULL AND kind <> 'browser'
RETURNING id;

-- name: insert_audit_event
INSERT INTO audit_event (id, project_id, kind, user_id, session_id, ip, facts, created_at)
VALUES (:id, :project_id, :kind, :user_id, :session_id, :ip, :facts, :now);

-- name: audit_events_of_user
SELECT * FROM audit_event WHERE user_id = :user_id ORDER BY created_at DESC, id LIMIT :most;

-- name: audit_events_of_session
SELECT * FROM audit_event WHERE session_id = :session_id ORDER BY created_at, id;
