-- name: personal_team
SELECT * FROM team WHERE personal_of = :user_id;

-- name: rename_personal_team
UPDATE team SET display_name = :display_name WHERE id = :id AND personal_of IS NOT NULL;

-- name: team
SELECT * FROM team WHERE id = :id AND project_id = :project_id;

-- name: insert_team
INSERT INTO team (id, project_id, display_name, profile_image_url, client_metadata,
                  client_read_only_metadata, server_metadata, personal_of, created_at)
VALUES (:id, :project_id, :display_name, :profile_image_url, :client_metadata,
        :client_read_only_metadata, :server_metadata, :personal_of, :now)
RETURNING *;

-- name: update_team
UPDATE team
   SET display_name = :display_name, profile_image_url = :profile_image_url,
       client_metadata = :client_metadata,
       client_read_only_metadata = :client_read_only_metadata,
       server_metadata = :server_metadata, personal_of = :personal_of
 WHERE id = :id AND project_id = :project_id
RETURNING *;

-- name: delete_team
DELETE FROM team WHERE id = :id AND project_id = :project_id RETURNING id;

-- name: select_team
UPDATE user_account SET selected_team_id = :team_id WHERE id = :user_id;

-- name: unselect_team
UPDATE user_account SET selected_team_id = NULL
 WHERE id IN (SELECT user_id FROM team_member WHERE team_id = :team_id)
   AND selected_team_id = :team_id;

-- name: unselect_team_of_member
UPDATE user_account SET selected_team_id = NULL
 WHERE id = :user_id AND selected_team_id = :team_id;

-- name: insert_team_member
INSERT INTO team_member (team_id, user_id, is_admin, permissions_written_at, created_at)
VALUES (:team_id, :user_id, :is_admin, :now, :now)
ON CONFLICT (team_id, user_id) DO NOTHING
RETURNING user_id;

-- name: team_member
SELECT * FROM team_member WHERE team_id = :team_id AND user_id = :user_id;

-- name: delete_team_member
DELETE FROM team_member WHERE team_id = :team_id AND user_id = :user_id RETURNING user_id;

-- name: teams_of_user
SELECT team.* FROM team JOIN team_member ON team_member.team_id = team.id
 WHERE team_member.user_id = :user_id AND team.project_id = :project_id
 ORDER BY team.created_at, team.id;

-- name: teams_of_project
-- One page, oldest or newest first: :direction is 1 or -1, and what comes before the cursor's own
-- place in that order is left out.
SELECT * FROM team
 WHERE project_id = :project_id
   AND (:query = '' OR LOWER(display_name) LIKE :query ESCAPE '\' OR id = :plain_query)
   AND (:after_id = ''
        OR created_at * CAST(:direction AS BIGINT)
           > CAST(:after_created_at AS BIGINT) * CAST(:direction AS BIGINT)
        OR (created_at = :after_created_at AND id > :after_id))
 ORDER BY created_at * CAST(:direction AS BIGINT), id
 LIMIT :most;

-- name: member_profiles
-- Narrowed by team, by user, or by both; whoever joined first comes first.
SELECT team_member.team_id, team_member.user_id, team_member.display_name,
       team_member.profile_image_url
  FROM team_member JOIN team ON team.id = team_member.team_id
 WHERE team.project_id = :project_id
   AND (:team_id = '' OR team_member.team_id = :team_id)
   AND (:user_id = '' OR team_member.user_id = :user_id)
 ORDER BY team_member.created_at, team_member.user_id, team_member.team_id;

-- name: update_member_profile
UPDATE team_member
   SET display_name = CASE WHEN :sets_name = 1 THEN :display_name ELSE display_name END,
       profile_image_url = CASE WHEN :sets_image = 1 THEN :profile_image_url
                                ELSE profile_image_url END
 WHERE team_id = :team_id AND user_id = :user_id
RETURNING user_id;
