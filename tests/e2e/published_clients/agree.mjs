// Runs methods of the published package one after another and says what came of each, so that
// another SDK's results can be laid beside them. The list of methods comes on standard input.
import { readFileSync } from "node:fs";
import { clientApp, serverApp } from "./client.mjs";

const { tokens, facts, cases } = JSON.parse(readFileSync(0, "utf8"));
const app = clientApp(tokens);
const server = serverApp();
const w = {
  user: await app.getUser({ includeRestricted: true }),
  there: await server.getUser(facts.me),
};

/** The parts of a value that both SDKs have, by paths such as "teamProfile.displayName". */
function picked(value, fields) {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map((each) => picked(each, fields));
  if (!fields.length) return plain(value);
  const get = (path) => path.split(".").reduce((part, name) => part?.[name], value);
  return fields.map((path) => plain(get(path)));
}

const plain = (value) => (value instanceof Date ? value.getTime() : (value ?? null));

async function outcome({ js, fields }) {
  try {
    const run = new Function("app", "server", "w", "facts", `return (async () => (${js}))()`);
    const value = await run(app, server, w, facts);
    if (value?.status === "error") return { error: value.error.errorCode };
    if (value instanceof Error) return { error: value.errorCode }; // some are handed back
    return { value: picked(value?.status === "ok" ? value.data : value, fields) };
  } catch (error) {
    const mistaken = [TypeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
    return { error: error.errorCode ?? (mistaken ? error.stack : "STATUS_ERROR") };
  }
}

const results = [];
for (const each of cases) results.push(await outcome(each));
const ids = { "<me>": facts.me, "<team>": w.team?.id, "<elsewhere>": w.elsewhere?.id };
console.log(JSON.stringify({ results, ids }));
process.exit(); // now, and not when the last idle connection is given up
