-- Clients that registered themselves (RFC 7591), and who may manage them (RFC 7592).
CREATE TABLE client_registration (
  client_id $TEXT PRIMARY KEY REFERENCES oauth_client (id) ON DELETE CASCADE,
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  token_hash $BLOB NOT NULL,
  created_at $INT NOT NULL,
  -- When somebody first signed in with it. Until then it counts towards the cap and is swept.
  used_at $INT
);
CREATE INDEX client_registration_unused ON client_registration (project_id, created_at)
  WHERE used_at IS NULL;

-- A client that goes takes its sessions along.
CREATE INDEX session_by_client ON session (client_id) WHERE client_id IS NOT NULL;
