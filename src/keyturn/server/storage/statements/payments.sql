-- name: item_account
SELECT state FROM item_account
 WHERE project_id = :project_id AND customer_type = :customer_type
   AND customer_id = :customer_id AND item_id = :item_id;

-- name: save_item_account
INSERT INTO item_account (project_id, customer_type, customer_id, item_id, state)
VALUES (:project_id, :customer_type, :customer_id, :item_id, :state)
ON CONFLICT (project_id, customer_type, customer_id, item_id) DO UPDATE
   SET state = excluded.state;

-- name: item_change
SELECT * FROM item_change
 WHERE project_id = :project_id AND customer_type = :customer_type
   AND customer_id = :customer_id AND item_id = :item_id AND idempotency_key = :idempotency_key;

-- name: insert_item_change
INSERT INTO item_change (id, project_id, customer_type, customer_id, item_id, delta, description,
                         expires_at, idempotency_key, created_at)
VALUES (:id, :project_id, :customer_type, :customer_id, :item_id, :delta, :description,
        :expires_at, :idempotency_key, :now);

-- name: products_owned
SELECT * FROM product_grant
 WHERE project_id = :project_id AND customer_type = :customer_type
   AND customer_id = :customer_id AND ended_at IS NULL
 ORDER BY created_at, id;

-- name: insert_product_grant
INSERT INTO product_grant (id, project_id, customer_type, customer_id, product_id, product, kind,
                           price_id, quantity, created_at)
VALUES (:id, :project_id, :customer_type, :customer_id, :product_id, :product, :kind,
        :price_id, :quantity, :now);

-- name: end_product_grant
-- Of two that end it at once, one gets a row; what was included ends once.
UPDATE product_grant SET ended_at = :now WHERE id = :id AND ended_at IS NULL RETURNING id;

-- name: sweep_item_changes
DELETE FROM item_change WHERE id IN
  (SELECT id FROM item_change WHERE created_at < :before LIMIT :most)
RETURNING 1;
