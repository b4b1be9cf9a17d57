-- For many items at once; why, is said in oauth_device.sql.

-- name: rotate_plain_sessions
-- rotate_session for the refreshes that wait at the moment, each of a family of its own. It takes
-- what can be decided without looking: the client's own, for this server.
UPDATE session
   SET generation = session.generation + 1, predecessor_sibling = session.sibling, sibling = 0,
       successor_used = 0, rotated_at = asked.now, last_used_at = asked.now, last_used_ip = asked.ip,
       idle_expires_at = CASE WHEN idle_seconds IS NULL THEN NULL
                              ELSE asked.now + idle_seconds * 1000 END
  FROM (SELECT json_extract(value, '$.id') AS id,
               json_extract(value, '$.generation') AS generation,
               json_extract(value, '$.sibling') AS sibling,
               json_extract(value, '$.client_id') AS client_id,
               json_extract(value, '$.ip') AS ip,
               json_extract(value, '$.now') AS now
          FROM json_each(:items)) AS asked
 WHERE session.id = asked.id AND session.generation = asked.generation
   AND session.sibling = asked.sibling AND session.client_id = asked.client_id
   AND session.resource IS NULL AND rotation = 'supersede' AND ended_at IS NULL
   AND absolute_expires_at > asked.now
   AND (idle_expires_at IS NULL OR idle_expires_at > asked.now)
   AND EXISTS (SELECT 1 FROM user_account
                WHERE user_account.id = session.user_id AND user_account.disabled_at IS NULL)
RETURNING *;

-- name: record_refreshes
-- record_refresh for those that moved.
INSERT INTO audit_event (id, project_id, kind, user_id, session_id, ip, facts, created_at)
SELECT json_extract(value, '$.event_id'), project_id, 'session.refreshed', user_id, session.id,
       last_used_ip, '{"generation": ' || generation || ', "sibling": ' || sibling || '}', rotated_at
  FROM json_each(:items) JOIN session ON session.id = json_extract(value, '$.id');
