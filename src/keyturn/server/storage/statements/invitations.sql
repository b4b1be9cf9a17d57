-- name: insert_team_invitation
INSERT INTO team_invitation (code_id, team_id, email, folded_email)
VALUES (:code_id, :team_id, :email, :folded_email);

-- name: live_team_invitations
-- Narrowed by team, by address, or by id; oldest first.
SELECT team_invitation.code_id AS id, team_invitation.team_id, team_invitation.email,
       team.display_name AS team_display_name, one_time_code.expires_at
  FROM team_invitation
       JOIN one_time_code ON one_time_code.id = team_invitation.code_id
       JOIN team ON team.id = team_invitation.team_id
 WHERE team.project_id = :project_id
   AND one_time_code.used_at IS NULL AND one_time_code.expires_at > :now
   AND (:team_id = '' OR team_invitation.team_id = :team_id)
   AND (:folded_email = '' OR team_invitation.folded_email = :folded_email)
   AND (:id = '' OR team_invitation.code_id = :id)
 ORDER BY one_time_code.created_at, team_invitation.code_id;

-- name: use_team_invitation
-- One statement is the lock: of any number who accept it, one goes on.
UPDATE one_time_code SET used_at = :now
 WHERE id = :id AND used_at IS NULL AND expires_at > :now
RETURNING id;
