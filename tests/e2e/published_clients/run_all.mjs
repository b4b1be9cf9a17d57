// Runs flows one after another in one process: loading the package takes longer than any of them.
// Says what came of each in a line of JSON, with what went wrong or null.
const LIMIT_MILLIS = 60_000;
const { flows } = JSON.parse(process.env.KEYTURN_FLOW);

/** What went wrong in a flow; what it awaits nowhere counts as well. */
async function wrong(flow) {
  let fail;
  const broken = new Promise((_, reject) => (fail = reject));
  const limit = setTimeout(() => fail(new Error("it did not end in time")), LIMIT_MILLIS);
  process.on("unhandledRejection", fail).on("uncaughtException", fail);
  try {
    await Promise.race([import(`./${flow}.mjs`), broken]);
    await new Promise(setImmediate); // a rejection nobody awaits is told after the last step
    await Promise.race([broken, undefined]);
    return null;
  } catch (error) {
    return error?.stack ?? String(error);
  } finally {
    clearTimeout(limit);
    process.off("unhandledRejection", fail).off("uncaughtException", fail);
  }
}

for (const flow of flows) console.log(`\n${JSON.stringify({ flow, wrong: await wrong(flow) })}`);
process.exit(); // now, and not when the last idle connection is given up
