// The mails that the server has put into its outbox folder, by address.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const { outbox } = JSON.parse(process.env.KEYTURN_FLOW);

function read(name) {
  const text = readFileSync(`${outbox}/${name}`, "utf8").replace(/=\r?\n/g, "").replaceAll("=3D", "=");
  return {
    to: /^To: (.*)$/m.exec(text)?.[1].trim(),
    code: /[?&]code=([0-9a-z]{45})/.exec(text)?.[1],
    typed: /^ +([0-9A-Z]{6})\r?$/m.exec(text)?.[1],
  };
}

/** Wait until `count` mails to an address are there, and return them, oldest first. */
export async function mailbox(to, count) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const names = existsSync(outbox) ? readdirSync(outbox).sort() : [];
    const found = names.map(read).filter((mail) => mail.to === to);
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${count} mails to an address did not come`);
}
