-- name: published_signing_keys
-- Signing order: live keys by age, then those that are only still verified with.
SELECT kid, position, private_sealed, created_at, retired_at
  FROM signing_key
 WHERE purpose = :purpose AND (retired_at IS NULL OR retired_at > :retired_after)
 ORDER BY CASE WHEN retired_at IS NULL THEN 0 ELSE 1 END, position;

-- name: newest_key_position
SELECT max(position) AS position FROM signing_key WHERE purpose = :purpose;

-- name: insert_signing_key
INSERT INTO signing_key (kid, purpose, position, private_sealed, public_jwk, created_at)
VALUES (:kid, :purpose, :position, :private_sealed, :public_jwk, :now)
ON CONFLICT (purpose, position) DO NOTHING;

-- name: retire_signing_key
-- The oldest live key stops signing; it stays published until its last token has ended.
UPDATE signing_key SET retired_at = :now
 WHERE purpose = :purpose AND retired_at IS NULL
   AND position = (SELECT min(position) FROM signing_key
                    WHERE purpose = :purpose AND retired_at IS NULL);
