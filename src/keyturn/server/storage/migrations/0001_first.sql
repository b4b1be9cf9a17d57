-- Instants are milliseconds since 1970 (UTC). Flags are 0 or 1. Anything that would open a session
-- is stored as a keyed hash or sealed under a secret that only its holder has.

CREATE TABLE server_meta (
  name $TEXT PRIMARY KEY,
  value $TEXT NOT NULL
);

CREATE TABLE project (
  id $TEXT PRIMARY KEY,
  display_name $TEXT NOT NULL,
  config $TEXT NOT NULL,
  declared $INT NOT NULL,
  created_at $INT NOT NULL
);

CREATE TABLE project_key (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  kind $TEXT NOT NULL,
  key_hash $BLOB NOT NULL UNIQUE,
  created_at $INT NOT NULL,
  ended_at $INT
);
CREATE INDEX project_key_by_project ON project_key (project_id, kind);

CREATE TABLE oauth_client (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  display_name $TEXT NOT NULL,
  redirect_uris $TEXT NOT NULL,
  grants $TEXT NOT NULL,
  scopes $TEXT NOT NULL,
  auth_method $TEXT NOT NULL,
  secret_hash $BLOB,
  vetted $INT NOT NULL,
  details $TEXT NOT NULL,
  created_at $INT NOT NULL
);

CREATE TABLE user_account (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  display_name $TEXT,
  primary_email $TEXT,
  primary_email_verified $INT NOT NULL,
  -- The address that signs in, folded; null where the address may not sign in.
  sign_in_email $TEXT,
  password_hash $TEXT,
  is_anonymous $INT NOT NULL,
  profile_image_url $TEXT,
  client_metadata $TEXT,
  client_read_only_metadata $TEXT,
  server_metadata $TEXT,
  selected_team_id $TEXT,
  -- The reason is the administrator's word to the user; the details are for operators alone.
  restricted_by_admin $INT NOT NULL,
  restricted_reason $TEXT,
  restricted_private_details $TEXT,
  otp_auth_enabled $INT NOT NULL,
  requires_totp_mfa $INT NOT NULL,
  totp_secret_sealed $BLOB,
  country_code $TEXT,
  risk_scores $TEXT,
  signed_up_at $INT NOT NULL,
  last_active_at $INT NOT NULL,
  disabled_at $INT,
  created_at $INT NOT NULL
);
CREATE UNIQUE INDEX user_by_sign_in_email ON user_account (project_id, sign_in_email);
CREATE INDEX user_by_project ON user_account (project_id, signed_up_at);

CREATE TABLE session (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  client_id $TEXT,
  kind $TEXT NOT NULL,
  rotation $TEXT NOT NULL,
  -- The keyed hash of the one token of a session that does not rotate; null for families, whose
  -- tokens are derived from id, generation and sibling under the server secret.
  token_hash $BLOB UNIQUE,
  generation $INT NOT NULL,
  sibling $INT NOT NULL,
  -- Which sibling of the generation before was the one that rotated: the predecessor.
  predecessor_sibling $INT NOT NULL,
  -- Whether the successor has been used, and whether this family has ever acknowledged one.
  successor_used $INT NOT NULL,
  acknowledged $INT NOT NULL,
  rotated_at $INT NOT NULL,
  siblings_since $INT NOT NULL,
  siblings_made $INT NOT NULL,
  scope $TEXT NOT NULL,
  resource $TEXT,
  authenticated_at $INT NOT NULL,
  idle_seconds $INT,
  idle_expires_at $INT,
  absolute_expires_at $INT NOT NULL,
  approved_by $TEXT,
  host_name $TEXT,
  system $TEXT,
  program $TEXT,
  user_agent $TEXT,
  ip $TEXT,
  last_used_ip $TEXT,
  last_used_at $INT NOT NULL,
  created_at $INT NOT NULL,
  ended_at $INT,
  ended_reason $TEXT
);
CREATE INDEX session_by_user ON session (user_id, ended_at);
CREATE INDEX session_by_end ON session (absolute_expires_at);

CREATE TABLE authorization_code (
  code_hash $BLOB PRIMARY KEY,
  client_id $TEXT NOT NULL,
  project_id $TEXT NOT NULL,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  approved_by $TEXT NOT NULL,
  redirect_uri $TEXT NOT NULL,
  code_challenge $TEXT NOT NULL,
  scope $TEXT NOT NULL,
  resource $TEXT,
  nonce $TEXT,
  authenticated_at $INT NOT NULL,
  host_name $TEXT,
  system $TEXT,
  program $TEXT,
  ip $TEXT,
  user_agent $TEXT,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL,
  redeemed_at $INT,
  session_id $TEXT
);
CREATE INDEX authorization_code_by_end ON authorization_code (expires_at);

CREATE TABLE device_authorization (
  id $TEXT PRIMARY KEY,
  device_code_hash $BLOB NOT NULL UNIQUE,
  user_code_hash $BLOB NOT NULL UNIQUE,
  client_id $TEXT NOT NULL,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  scope $TEXT NOT NULL,
  resource $TEXT,
  host_name $TEXT,
  system $TEXT,
  program $TEXT,
  ip $TEXT,
  user_agent $TEXT,
  interval_seconds $INT NOT NULL,
  last_polled_at $INT,
  -- The browser that first opened the code owns it; nobody else may see or decide it.
  owner_hash $BLOB,
  decision $TEXT,
  decided_at $INT,
  user_id $TEXT,
  approved_by $TEXT,
  redeemed_at $INT,
  session_id $TEXT,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL
);
CREATE INDEX device_authorization_by_end ON device_authorization (expires_at);

CREATE TABLE cli_login_attempt (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  polling_code_hash $BLOB NOT NULL UNIQUE,
  login_code_hash $BLOB NOT NULL UNIQUE,
  anonymous_user_id $TEXT,
  -- The attached anonymous token, sealed under a key that only the login code gives.
  anonymous_token_sealed $BLOB,
  anonymous_session_id $TEXT,
  -- Anyone may seal to the public half; its private half is sealed under the polling code.
  public_key $BLOB NOT NULL,
  private_key_sealed $BLOB NOT NULL,
  refresh_token_sealed $BLOB,
  ip $TEXT,
  user_agent $TEXT,
  decision $TEXT,
  decided_at $INT,
  decided_by $TEXT,
  used_at $INT,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL
);
CREATE INDEX cli_login_attempt_by_end ON cli_login_attempt (expires_at);

-- One row per confirm page shown: the single-use token behind its Approve and Deny buttons.
CREATE TABLE approval (
  token_hash $BLOB PRIMARY KEY,
  kind $TEXT NOT NULL,
  session_id $TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
  request $BLOB NOT NULL,
  decision $TEXT,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL,
  used_at $INT
);
CREATE INDEX approval_by_end ON approval (expires_at);

CREATE TABLE mail_link (
  token_hash $BLOB PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  purpose $TEXT NOT NULL,
  email $TEXT NOT NULL,
  user_id $TEXT,
  browser_hash $BLOB,
  continue_path $TEXT,
  created_at $INT NOT NULL,
  expires_at $INT NOT NULL,
  used_at $INT
);
CREATE INDEX mail_link_by_end ON mail_link (expires_at);

CREATE TABLE attempt_limit (
  name $TEXT PRIMARY KEY,
  window_started_at $INT NOT NULL,
  window_ends_at $INT NOT NULL,
  used $INT NOT NULL
);
CREATE INDEX attempt_limit_by_end ON attempt_limit (window_ends_at);

CREATE TABLE team (
  id $TEXT PRIMARY KEY,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  display_name $TEXT NOT NULL,
  profile_image_url $TEXT,
  client_metadata $TEXT,
  client_read_only_metadata $TEXT,
  server_metadata $TEXT,
  -- The user whose personal team this is, as long as nobody renamed it.
  personal_of $TEXT,
  created_at $INT NOT NULL
);
CREATE INDEX team_by_project ON team (project_id, created_at);

CREATE TABLE team_member (
  team_id $TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  is_admin $INT NOT NULL,
  display_name $TEXT,
  profile_image_url $TEXT,
  created_at $INT NOT NULL,
  PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_member_by_user ON team_member (user_id);

CREATE TABLE signing_key (
  kid $TEXT PRIMARY KEY,
  purpose $TEXT NOT NULL,
  position $INT NOT NULL,
  private_sealed $BLOB NOT NULL,
  public_jwk $TEXT NOT NULL,
  created_at $INT NOT NULL,
  retired_at $INT,
  UNIQUE (purpose, position)
);

CREATE TABLE audit_event (
  id $TEXT PRIMARY KEY,
  project_id $TEXT,
  kind $TEXT NOT NULL,
  user_id $TEXT,
  session_id $TEXT,
  ip $TEXT,
  facts $TEXT NOT NULL,
  created_at $INT NOT NULL
);
CREATE INDEX audit_event_by_user ON audit_event (user_id, created_at);
CREATE INDEX audit_event_by_session ON audit_event (session_id, created_at);
