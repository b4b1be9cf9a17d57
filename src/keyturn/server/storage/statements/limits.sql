-- name: count_attempt
-- Atomic on every database: of many tries at once each sees a count of its own.
INSERT INTO attempt_limit (name, window_started_at, window_ends_at, used)
VALUES (:name, :now, :window_ends_at, 1)
ON CONFLICT (name) DO UPDATE
   SET used = CASE WHEN attempt_limit.window_ends_at <= :now THEN 1 ELSE attempt_limit.used + 1 END,
       window_started_at = CASE WHEN attempt_limit.window_ends_at <= :now THEN :now
                                ELSE attempt_limit.window_started_at END,
       window_ends_at = CASE WHEN attempt_limit.window_ends_at <= :now THEN :window_ends_at
                             ELSE attempt_limit.window_ends_at END
RETURNING used, window_ends_at;

-- name: uncount_attempt
UPDATE attempt_limit SET used = used - 1 WHERE name = :name AND used > 0;
