-- name: personal_team
SELECT * FROM team WHERE personal_of = :user_id;

-- name: rename_personal_team
UPDATE team SET display_name = :display_name WHERE id = :id AND personal_of IS NOT NULL;

-- name: insert_team
INSERT INTO team (id, project_id, display_name, profile_image_url, client_metadata,
                  client_read_only_metadata, server_metadata, personal_of, created_at)
VALUES (:id, :project_id, :display_name, :profile_image_url, :client_metadata,
        :client_read_only_metadata, :server_metadata, :personal_of, :now)
RETURNING *;

-- name: select_team
UPDATE user_account SET selected_team_id = :team_id WHERE id = :user_id;

-- name: insert_team_member
INSERT INTO team_member (team_id, user_id, is_admin, created_at)
VALUES (:team_id, :user_id, :is_admin, :now)
ON CONFLICT (team_id, user_id) DO NOTHING
RETURNING user_id;

-- name: teams_of_user
SELECT team.* FROM team JOIN team_member ON team_member.team_id = team.id
 WHERE team_member.user_id = :user_id AND team.project_id = :project_id
 ORDER BY team.created_at, team.id;
