-- name: permission_definitions
-- At least one row for a project that is there; without an id where it has no definitions.
SELECT project.permissions_written_at, permission_definition.id, permission_definition.scope,
       permission_definition.description, permission_definition.contained
  FROM project LEFT JOIN permission_definition ON permission_definition.project_id = project.id
 WHERE project.id = :project_id;

-- name: mark_definitions_written
UPDATE project SET permissions_written_at = :now WHERE id = :project_id;

-- name: save_permission_definition
INSERT INTO permission_definition (project_id, id, scope, description, contained, created_at)
VALUES (:project_id, :id, :scope, :description, :contained, :now)
ON CONFLICT (project_id, id) DO UPDATE
   SET description = excluded.description, contained = excluded.contained;

-- name: delete_permission_definition
DELETE FROM permission_definition WHERE project_id = :project_id AND id = :id;

-- name: team_permissions
-- Narrowed by team, by user, or by both. A member without any has one row without an id.
SELECT team_member.team_id, team_member.user_id,
       CASE WHEN team_member.permissions_written_at IS NOT NULL THEN team_permission.permission_id
            WHEN team_member.is_admin = 1 THEN 'team_admin'
            ELSE 'team_member' END AS permission_id
  FROM team_member JOIN team ON team.id = team_member.team_id
       LEFT JOIN team_permission ON team_permission.team_id = team_member.team_id
                                AND team_permission.user_id = team_member.user_id
 WHERE team.project_id = :project_id
   AND (:team_id = '' OR team_member.team_id = :team_id)
   AND (:user_id = '' OR team_member.user_id = :user_id);

-- name: write_down_team_permissions
-- What members have whom a version without permissions added; then they are marked.
INSERT INTO team_permission (team_id, user_id, permission_id, granted_at)
SELECT team_member.team_id, team_member.user_id,
       CASE WHEN team_member.is_admin = 1 THEN 'team_admin' ELSE 'team_member' END,
       CAST(:now AS BIGINT)
  FROM team_member JOIN team ON team.id = team_member.team_id
 WHERE team.project_id = :project_id AND team_member.permissions_written_at IS NULL
   AND (:team_id = '' OR team_member.team_id = :team_id)
   AND (:user_id = '' OR team_member.user_id = :user_id)
ON CONFLICT (team_id, user_id, permission_id) DO NOTHING;

-- name: mark_team_permissions_written
UPDATE team_member SET permissions_written_at = :now
 WHERE permissions_written_at IS NULL
   AND team_id IN (SELECT id FROM team WHERE project_id = :project_id)
   AND (:team_id = '' OR team_id = :team_id)
   AND (:user_id = '' OR user_id = :user_id);

-- name: grant_team_permission
INSERT INTO team_permission (team_id, user_id, permission_id, granted_at)
VALUES (:team_id, :user_id, :permission_id, :now)
ON CONFLICT (team_id, user_id, permission_id) DO NOTHING;

-- name: revoke_team_permission
DELETE FROM team_permission
 WHERE team_id = :team_id AND user_id = :user_id AND permission_id = :permission_id
RETURNING user_id;

-- name: rename_team_permission
UPDATE team_permission SET permission_id = :new_id
 WHERE permission_id = :id AND team_id IN (SELECT id FROM team WHERE project_id = :project_id);

-- name: forget_team_permission
DELETE FROM team_permission
 WHERE permission_id = :id AND team_id IN (SELECT id FROM team WHERE project_id = :project_id);

-- name: project_permissions
SELECT project_permission.user_id, project_permission.permission_id
  FROM project_permission JOIN user_account ON user_account.id = project_permission.user_id
 WHERE user_account.project_id = :project_id
   AND (:user_id = '' OR project_permission.user_id = :user_id);

-- name: grant_project_permission
INSERT INTO project_permission (user_id, permission_id, granted_at)
VALUES (:user_id, :permission_id, :now)
ON CONFLICT (user_id, permission_id) DO NOTHING;

-- name: revoke_project_permission
DELETE FROM project_permission WHERE user_id = :user_id AND permission_id = :permission_id
RETURNING user_id;

-- name: rename_project_permission
UPDATE project_permission SET permission_id = :new_id
 WHERE permission_id = :id
   AND user_id IN (SELECT id FROM user_account WHERE project_id = :project_id);

-- name: forget_project_permission
DELETE FROM project_permission
 WHERE permission_id = :id
   AND user_id IN (SELECT id FROM user_account WHERE project_id = :project_id);
