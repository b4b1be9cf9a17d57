// better-auth with its OAuth provider plugin: one public client, rotation on, as it is by default.
// SQLite syncs every change before it is answered (WAL, synchronous = FULL). Prints one JSON line
// once it listens: its port, and what FAMILIES and CODES asked for, made through its own endpoints.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { FOREIGN_FOLDER, SQLITE_FOLDER, STORE, FAMILIES, CODES } = process.env;
const load = (path) => import(pathToFileURL(join(FOREIGN_FOLDER, "node_modules", path)).href);
const { betterAuth } = await load("better-auth/dist/index.mjs");
const { toNodeHandler } = await load("better-auth/dist/integrations/node.mjs");
const { getMigrations } = await load("better-auth/dist/db/get-migration.mjs");
const plugins = await load("better-auth/dist/plugins/index.mjs");
const provider = await load("@better-auth/oauth-provider/dist/index.mjs");
const Database = createRequire(join(SQLITE_FOLDER, "package.json"))("better-sqlite3");

const database = new Database(STORE);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", 1024, listening));
server.keepAliveTimeout = 60000;
const { port } = server.address();
const base = `http://127.0.0.1:${port}`;

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const CALLBACK = "http://127.0.0.1/callback";
const SCOPE = "openid offline_access";
const options = {
  baseURL: base,
  secret: "a secret of the benchmarks, long enough",
  database,
  disabledPaths: ["/token"],
  emailAndPassword: { enabled: true },
  logger: { level: "error" },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    plugins.jwt({ jwks: { keyPairConfig: { alg: "ES256" } } }),
    provider.oauthProvider({ loginPage: "/sign-in", consentPage: "/consent" }),
    provider.oauthDeviceAuthorization({ verificationUri: "/device", expiresIn: "2h" }),
  ],
};
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();
server.on("request", toNodeHandler(auth));

// While this fills the database nothing needs to be durable.
database.pragma("synchronous = OFF");
const PEOPLE = 16;

async function person(number) {
  const email = `person-${number}@example.com`;
  const answer = await fetch(`${base}/api/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: base },
    body: JSON.stringify({ name: "Ada", email, password: "correct horse battery" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const cookie = answer.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
  return { email, cookie };
}

async function family(cookie) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id,
    redirect_uri: CALLBACK,
    response_type: "code",
    scope: SCOPE,
    state: "state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const asked = await fetch(`${base}/api/auth/oauth2/authorize?${query}`, {
    headers: { cookie },
  });
  const { url } = await asked.json();
  const code = new URL(url).searchParams.get("code");
  if (!code) throw new Error(`${asked.status} ${url}`);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id,
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
  });
  const answer = await (await fetch(`${base}/api/auth/oauth2/token`, { method: "POST", body })).json();
  if (!answer.refresh_token) throw new Error(JSON.stringify(answer));
  return answer.refresh_token;
}

async function code() {
  const body = new URLSearchParams({ client_id, scope: SCOPE });
  const answer = await (await fetch(`${base}/api/auth/device/code`, { method: "POST", body })).json();
  if (!answer.device_code) throw new Error(JSON.stringify(answer));
  return answer.device_code;
}

const people = [];
for (let number = 0; number < PEOPLE; number += 1) people.push(await person(number));
const client = await auth.api.adminCreateOAuthClient({
  body: {
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: "none",
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token", DEVICE],
    scope: SCOPE,
    skip_consent: true,
  },
  headers: new Headers({ cookie: people[0].cookie }),
});
const client_id = client.client_id;
const tokens = [];
for (let number = 0; number < Number(FAMILIES); number += 1) {
  tokens.push(await family(people[number % PEOPLE].cookie));
}
const codes = [];
for (let number = 0; number < Number(CODES); number += 1) codes.push(await code());
database.pragma("synchronous = FULL");
console.log(
  JSON.stringify({ port, client_id, tokens, codes, emails: people.map((each) => each.email) }),
);
