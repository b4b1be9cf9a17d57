// Older packages were published for bundlers: their modules import one another without ".js".
// This hook finds those files for node. It changes nothing inside them.
import { existsSync, statSync } from "node:fs";
import { dirname, resolve as join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export async function resolve(specifier, context, next) {
  if (specifier.startsWith(".") && context.parentURL?.startsWith("file:")) {
    const wanted = join(dirname(fileURLToPath(context.parentURL)), specifier);
    const isFile = existsSync(wanted) && statSync(wanted).isFile();
    const found = [`${wanted}.js`, join(wanted, "index.js")].find((path) => existsSync(path));
    if (!isFile && found) return { url: pathToFileURL(found).href, shortCircuit: true };
  }
  return next(specifier, context);
}
