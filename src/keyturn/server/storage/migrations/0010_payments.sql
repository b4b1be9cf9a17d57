-- How many of an item a customer has: the account as JSON, folded with every change.
CREATE TABLE item_account (
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  customer_type $TEXT NOT NULL,
  customer_id $TEXT NOT NULL,
  item_id $TEXT NOT NULL,
  state $TEXT NOT NULL,
  PRIMARY KEY (project_id, customer_type, customer_id, item_id)
);

-- Who changed it by how much: for operators, and so that a repeated request counts once.
CREATE TABLE item_change (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  customer_type $TEXT NOT NULL,
  customer_id $TEXT NOT NULL,
  item_id $TEXT NOT NULL,
  delta $INT NOT NULL,
  description $TEXT,
  expires_at $INT,
  idempotency_key $TEXT,
  created_at $INT NOT NULL
);
CREATE UNIQUE INDEX item_change_by_key
  ON item_change (project_id, customer_type, customer_id, item_id, idempotency_key);
CREATE INDEX item_change_by_age ON item_change (created_at);

-- What a customer owns, as the product was when it was granted.
CREATE TABLE product_grant (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  customer_type $TEXT NOT NULL,
  customer_id $TEXT NOT NULL,
  product_id $TEXT,
  product $TEXT NOT NULL,
  kind $TEXT NOT NULL,
  price_id $TEXT,
  quantity $INT NOT NULL,
  created_at $INT NOT NULL,
  ended_at $INT
);
CREATE INDEX product_grant_by_customer
  ON product_grant (project_id, customer_type, customer_id, created_at);
