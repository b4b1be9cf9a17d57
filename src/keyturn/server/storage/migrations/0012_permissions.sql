-- What a project's permissions are called and contain. A project that has never changed one has no
-- rows: it has the two that every project begins with.
CREATE TABLE permission_definition (
  project_id $TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  id $TEXT NOT NULL,
  scope $TEXT NOT NULL,
  description $TEXT,
  -- Ids, as a JSON list.
  contained $TEXT NOT NULL,
  created_at $INT NOT NULL,
  PRIMARY KEY (project_id, id)
);
ALTER TABLE project ADD COLUMN permissions_written_at $INT;

CREATE TABLE team_permission (
  team_id $TEXT NOT NULL,
  user_id $TEXT NOT NULL,
  permission_id $TEXT NOT NULL,
  granted_at $INT NOT NULL,
  PRIMARY KEY (team_id, user_id, permission_id),
  FOREIGN KEY (team_id, user_id) REFERENCES team_member (team_id, user_id) ON DELETE CASCADE
);
-- Null: a version without permissions added the member, and is_admin says which of the two it has.
ALTER TABLE team_member ADD COLUMN permissions_written_at $INT;

CREATE TABLE project_permission (
  user_id $TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
  permission_id $TEXT NOT NULL,
  granted_at $INT NOT NULL,
  PRIMARY KEY (user_id, permission_id)
);

-- Who is invited to which team; the code that opens it is a one_time_code.
CREATE TABLE team_invitation (
  code_id $TEXT PRIMARY KEY REFERENCES one_time_code (id) ON DELETE CASCADE,
  team_id $TEXT NOT NULL REFERENCES team (id) ON DELETE CASCADE,
  email $TEXT NOT NULL,
  folded_email $TEXT NOT NULL
);
CREATE INDEX team_invitation_by_team ON team_invitation (team_id);
CREATE INDEX team_invitation_by_email ON team_invitation (folded_email);
