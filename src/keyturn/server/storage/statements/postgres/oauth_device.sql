-- For many items at once.

-- name: note_device_polls
-- A later poll that another process has noted stays.
UPDATE device_authorization SET last_polled_at = polled.now
  FROM json_to_recordset(CAST(:items AS json)) AS polled (id text, now bigint)
 WHERE device_authorization.id = ANY (ARRAY(SELECT one ->> 'id'
                                     FROM json_array_elements(CAST(:items AS json)) AS one))
   AND device_authorization.id = polled.id
   AND (last_polled_at IS NULL OR last_polled_at < polled.now);
