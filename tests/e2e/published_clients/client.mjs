// What the flows share: the published package, unchanged, pointed at a server of ours.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

export { assert };

globalThis.crypto ??= webcrypto; // not there by itself before node 20

const { folder, baseUrl, project } = JSON.parse(process.env.KEYTURN_FLOW);
register("./like_a_bundler.mjs", import.meta.url);
const place = createRequire(`${folder}/package.json`).resolve("@stackframe/js");
const modules = place.replace("/dist/index.js", "/dist/esm/index.js");
const { StackAdminApp, StackClientApp, StackServerApp } = await import(pathToFileURL(modules).href);

const common = {
  baseUrl,
  projectId: project.id,
  publishableClientKey: project.publishable_client_key,
  redirectMethod: "none",
  noAutomaticPrefetch: true,
};

export const password = "correct horse battery";
export const email = () => `${crypto.randomUUID()}@example.com`;

/** A program with a session of its own. */
export function clientApp(tokenStore = "memory") {
  return new StackClientApp({ ...common, tokenStore });
}

export function serverApp() {
  return new StackServerApp({
    ...common,
    secretServerKey: project.secret_server_key,
    tokenStore: "memory",
  });
}

export function adminApp() {
  return new StackAdminApp({
    ...common,
    secretServerKey: project.secret_server_key,
    superSecretAdminKey: project.super_secret_admin_key,
    tokenStore: "memory",
  });
}

export async function signUp(app, address) {
  const found = await app.signUpWithCredential({
    email: address,
    password,
    noRedirect: true,
    verificationCallbackUrl: `${baseUrl}/verify`,
  });
  assert.equal(found.status, "ok", found.error?.message);
  return await app.getUser();
}

/** Like `app`, but forgetting what it has read: a look at what the server says now. */
export async function freshUser(user) {
  return await clientApp(await user.currentSession.getTokens()).getUser();
}

const internals = (app) =>
  app[Symbol.for("StackAuth--DO-NOT-USE-OR-YOU-WILL-BE-FIRED--StackAppInternals")];

/** A request that the package sends, with its headers, where it has no method for it. */
export async function send(app, path, body) {
  const answer = await internals(app).sendRequest(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await answer.json();
}

/** What the package's own page does with a session that it was handed. */
export async function signInWithTokens(app, { access_token, refresh_token }) {
  const tokens = { accessToken: access_token, refreshToken: refresh_token };
  await internals(app).signInWithTokens(tokens);
}
