-- For many items at once. Running a statement for each would take turns with the event loop for
-- Python's lock so often that both lose more time than the database needs.

-- name: note_device_polls
-- A later poll that another process has noted stays.
UPDATE device_authorization SET last_polled_at = polled.now
  FROM (SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.now') AS now
          FROM json_each(:items)) AS polled
 WHERE device_authorization.id = polled.id
   AND (last_polled_at IS NULL OR last_polled_at < polled.now);
