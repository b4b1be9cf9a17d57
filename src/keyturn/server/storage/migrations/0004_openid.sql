-- What a client asked of ID token and userinfo with the claims parameter, as canonical JSON: beside
-- the code until it is redeemed, then for as long as the session answers for it.
ALTER TABLE authorization_code ADD COLUMN claims $TEXT;
ALTER TABLE session ADD COLUMN claims $TEXT;

-- What a person has approved for a client that keeps a secret, so that prompt=none can be answered.
CREATE TABLE consent (
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  client_id $TEXT NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
  scope $TEXT NOT NULL,
  resource $TEXT NOT NULL,
  -- Names, userinfo's and the ID token's alike.
  claims $TEXT NOT NULL,
  given_at $INT NOT NULL,
  PRIMARY KEY (user_id, client_id)
);
