// Older packages were published for bundlers: their modules import one another without ".js", and
// nothing says that they are modules. These hooks tell node. They change nothing inside the files.
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

export async function load(url, context, next) {
  const loaded = await next(url, context);
  const isModule = (source) => /^(import|export)\b/m.test(source.toString());
  if (url.includes("/@stackframe/") && loaded.format !== "module" && loaded.source) {
    return isModule(loaded.source) ? { ...loaded, format: "module" } : loaded;
  }
  return loaded;
}
