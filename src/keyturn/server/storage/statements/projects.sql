-- name: project
SELECT * FROM project WHERE id = :id;

-- name: projects
SELECT * FROM project ORDER BY created_at, id;

-- name: save_project
INSERT INTO project (id, display_name, config, declared, created_at)
VALUES (:id, :display_name, :config, :declared, :now)
ON CONFLICT (id) DO UPDATE
   SET display_name = excluded.display_name, config = excluded.config, declared = excluded.declared;

-- name: set_project_config
UPDATE project SET config = :config WHERE id = :id;

-- name: project_key
-- The operator's own, or one of a set that an administrator gave out.
SELECT project_id, kind FROM project_key WHERE key_hash = :key_hash AND ended_at IS NULL
UNION ALL
SELECT project_key_set.project_id, project_set_key.kind
  FROM project_set_key JOIN project_key_set ON project_key_set.id = project_set_key.set_id
 WHERE project_set_key.key_hash = :key_hash AND project_key_set.revoked_at IS NULL
   AND project_key_set.expires_at > :now;

-- name: insert_project_key
INSERT INTO project_key (id, project_id, kind, key_hash, created_at)
VALUES (:id, :project_id, :kind, :key_hash, :now)
ON CONFLICT (key_hash) DO UPDATE SET ended_at = NULL;

-- name: end_project_keys
UPDATE project_key SET ended_at = :now
 WHERE project_id = :project_id AND kind = :kind AND key_hash <> :but AND ended_at IS NULL;

-- name: oauth_client
SELECT * FROM oauth_client WHERE id = :id;

-- name: save_oauth_client
INSERT INTO oauth_client (id, project_id, display_name, redirect_uris, grants, scopes, auth_method,
                          secret_hash, vetted, details, created_at)
VALUES (:id, :project_id, :display_name, :redirect_uris, :grants, :scopes, :auth_method,
        :secret_hash, :vetted, :details, :now)
ON CONFLICT (id) DO UPDATE
   SET project_id = excluded.project_id, display_name = excluded.display_name,
       redirect_uris = excluded.redirect_uris, grants = excluded.grants, scopes = excluded.scopes,
       auth_method = excluded.auth_method, secret_hash = excluded.secret_hash,
       vetted = excluded.vetted, details = excluded.details;

-- name: server_meta
SELECT value FROM server_meta WHERE name = :name;

-- name: insert_server_meta
-- The first process to write a fact decides it.
INSERT INTO server_meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;
