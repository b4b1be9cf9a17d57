// node-oidc-provider with one public client, rotation on, access tokens opaque as they are by
// default. A refresh signs one ID token with ES256, as ours signs one access token; its own default,
// RS256, costs it twice as much.
// STORE says where it keeps things: "memory", in Maps that are never written down, or the path of an
// SQLite file in which every change is synced before it is answered (WAL, synchronous = FULL).
// Prints one JSON line once it listens: its port, and what FAMILIES and CODES asked to be there.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { FOREIGN_FOLDER, STORE, FAMILIES, CODES } = process.env;
const installed = createRequire(join(FOREIGN_FOLDER, "package.json"));
const { default: Provider } = await import(
  pathToFileURL(join(FOREIGN_FOLDER, "node_modules", "oidc-provider", "lib", "index.js")).href
);

const clock = () => Math.floor(Date.now() / 1000);

function inMemory() {
  const kinds = new Map();
  return class {
    constructor(kind) {
      if (!kinds.has(kind)) kinds.set(kind, new Map());
      this.rows = kinds.get(kind);
    }
    async upsert(id, payload) {
      this.rows.set(id, payload);
    }
    async find(id) {
      return this.rows.get(id);
    }
    async findByUid(uid) {
      for (const row of this.rows.values()) if (row.uid === uid) return row;
    }
    async findByUserCode(code) {
      for (const row of this.rows.values()) if (row.userCode === code) return row;
    }
    async consume(id) {
      this.rows.get(id).consumed = clock();
    }
    async destroy(id) {
      this.rows.delete(id);
    }
    async revokeByGrantId(grant) {
      for (const [id, row] of this.rows) if (row.grantId === grant) this.rows.delete(id);
    }
  };
}

function inSqlite(path) {
  const Database = installed("better-sqlite3");
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(`
    CREATE TABLE model (
      kind TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, consumed INTEGER,
      grant_id TEXT, user_code TEXT, uid TEXT, expires_at INTEGER, PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE INDEX model_by_grant ON model (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX model_by_user_code ON model (user_code) WHERE user_code IS NOT NULL;
    CREATE INDEX model_by_uid ON model (uid) WHERE uid IS NOT NULL;`);
  const put = database.prepare(
    `INSERT INTO model VALUES (@kind, @id, @payload, NULL, @grant, @code, @uid, @expires)
     ON CONFLICT DO UPDATE SET payload = @payload, expires_at = @expires`,
  );
  const by = (column) =>
    database.prepare(`SELECT payload, consumed FROM model WHERE kind = ? AND ${column} = ?`);
  const [byId, byUid, byCode] = [by("id"), by("uid"), by("user_code")];
  const use = database.prepare("UPDATE model SET consumed = ? WHERE kind = ? AND id = ?");
  const drop = database.prepare("DELETE FROM model WHERE kind = ? AND id = ?");
  const revoke = database.prepare("DELETE FROM model WHERE kind = ? AND grant_id = ?");
  const read = (row) =>
    row && { ...JSON.parse(row.payload), ...(row.consumed && { consumed: row.consumed }) };
  const Adapter = class {
    constructor(kind) {
      this.kind = kind;
    }
    async upsert(id, payload, seconds) {
      put.run({
        kind: this.kind,
        id,
        payload: JSON.stringify(payload),
        grant: payload.grantId ?? null,
        code: payload.userCode ?? null,
        uid: payload.uid ?? null,
        expires: seconds ? clock() + seconds : null,
      });
    }
    async find(id) {
      return read(byId.get(this.kind, id));
    }
    async findByUid(uid) {
      return read(byUid.get(this.kind, uid));
    }
    async findByUserCode(code) {
      return read(byCode.get(this.kind, code));
    }
    async consume(id) {
      use.run(clock(), this.kind, id);
    }
    async destroy(id) {
      drop.run(this.kind, id);
    }
    async revokeByGrantId(grant) {
      revoke.run(this.kind, grant);
    }
  };
  Adapter.together = async (work) => {
    database.exec("BEGIN");
    const done = await work();
    database.exec("COMMIT");
    return done;
  };
  return Adapter;
}

const adapter = STORE === "memory" ? inMemory() : inSqlite(STORE);
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", 1024, listening));
server.keepAliveTimeout = 60000;
const { port } = server.address();

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter,
  clients: [
    {
      client_id: "acme-cli",
      application_type: "native",
      token_endpoint_auth_method: "none",
      id_token_signed_response_alg: "ES256",
      redirect_uris: ["http://127.0.0.1/callback"],
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token", DEVICE],
    },
  ],
  cookies: { keys: ["a key of the benchmarks"] },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...key, use: "sig", alg: "ES256", kid: "bench" }] },
  issueRefreshToken: () => true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, RefreshToken: 86400, Grant: 86400, DeviceCode: 7200 },
});
provider.on("server_error", (_ctx, error) => console.error(error));

const client = await provider.Client.find("acme-cli");
const scope = "openid offline_access";
async function family(number) {
  const grant = new provider.Grant({ accountId: `user-${number}`, clientId: "acme-cli" });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const accountId = `user-${number}`;
  const gty = "authorization_code";
  return new provider.RefreshToken({ accountId, client, grantId, gty, scope, rotations: 0 }).save();
}
async function code(number) {
  const params = { client_id: "acme-cli", scope };
  return new provider.DeviceCode({ client, params, userCode: `C${number}`, deviceInfo: {} }).save();
}
async function all() {
  const tokens = [];
  const codes = [];
  for (let number = 0; number < Number(FAMILIES); number += 1) tokens.push(await family(number));
  for (let number = 0; number < Number(CODES); number += 1) codes.push(await code(number));
  return { tokens, codes };
}
const made = await (adapter.together ? adapter.together(all) : all());

server.on("request", provider.callback());
console.log(JSON.stringify({ port, ...made }));
