// node-oidc-provider as a stranger would run it: strict rotation, PKCE demanded, one public client.
// Prints its port once it listens. GET /seen tells what happened; everybody who comes is Ada. GET
// /forget?<client id> deletes a client, as somebody tidying up there would.
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const installed = join(process.env.FOREIGN_FOLDER, "node_modules", "oidc-provider", "lib", "index.js");
const { default: Provider } = await import(pathToFileURL(installed).href);

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "acme-cli",
      application_type: "native",
      token_endpoint_auth_method: "none",
      redirect_uris: ["http://127.0.0.1/callback"],
      response_types: ["code"],
      grant_types: [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
      ],
    },
    {
      client_id: "acme: cli",
      client_secret: "s:ecret %/+~&=",
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/callback"],
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token"],
    },
  ],
  claims: { openid: ["sub"], email: ["email"] },
  cookies: { keys: ["a key of the tests"] },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com` }),
  }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, RefreshToken: 86400 },
});

const seen = { grants: [], refused: [], revoked: 0, registered: [] };
provider.on("grant.success", (ctx) => seen.grants.push(ctx.oidc.params.grant_type));
provider.on("grant.error", (_ctx, error) => seen.refused.push(error.error));
provider.on("grant.revoked", () => (seen.revoked += 1));

provider.on("registration_create.success", (_ctx, client) => seen.registered.push(client.clientId));

async function decide(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "ada" } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent });
}

server.on("request", (request, response) => {
  if (request.url === "/seen") {
    response.end(JSON.stringify(seen));
  } else if (request.url.startsWith("/forget?")) {
    provider.Client.adapter.destroy(request.url.split("?")[1]).then(() => response.end());
  } else if (request.url.startsWith("/interaction/")) {
    decide(request, response).catch((error) => response.writeHead(500).end(error.name));
  } else {
    provider.callback()(request, response);
  }
});
process.stdin.on("end", () => process.exit(0)).resume();
console.log(port);
