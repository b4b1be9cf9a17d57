-- For many items at once.

-- name: rotate_plain_sessions
-- rotate_session for the refreshes that wait at the moment, each of a family of its own. It takes
-- what can be decided without looking: the client's own, for this server. record_refreshes is done
-- in it, for those that moved. The ids come once more as an array, and the account is looked up for each row, so that it goes by
-- the key also on a database that nobody has analysed yet, such as one just filled. Written as
-- joins alone it would read whole tables there.
WITH rotated AS (
UPDATE session
   SET generation = session.generation + 1, predecessor_sibling = session.sibling, sibling = 0,
       successor_used = 0, rotated_at = asked.now, last_used_at = asked.now, last_used_ip = asked.ip,
       idle_expires_at = CASE WHEN idle_seconds IS NULL THEN NULL
                              ELSE asked.now + idle_seconds * 1000 END
  FROM json_to_recordset(CAST(:items AS json)) AS asked (
         id text, generation bigint, sibling bigint, client_id text, ip text, now bigint,
         event_id text)
 WHERE session.id = ANY (ARRAY(SELECT one ->> 'id'
                                 FROM json_array_elements(CAST(:items AS json)) AS one))
   AND session.id = asked.id AND session.generation = asked.generation
   AND session.sibling = asked.sibling AND session.client_id = asked.client_id
   AND session.resource IS NULL AND rotation = 'supersede' AND ended_at IS NULL
   AND absolute_expires_at > asked.now
   AND (idle_expires_at IS NULL OR idle_expires_at > asked.now)
   AND (SELECT user_account.disabled_at IS NULL FROM user_account
         WHERE user_account.id = session.user_id)
RETURNING session.*, asked.event_id
), recorded AS (
INSERT INTO audit_event (id, project_id, kind, user_id, session_id, ip, facts, created_at)
SELECT event_id, project_id, 'session.refreshed', user_id, id, last_used_ip,
       '{"generation": ' || generation || ', "sibling": ' || sibling || '}', rotated_at
  FROM rotated
)
SELECT * FROM rotated;
