// What every flow shares: the facts of the test, the loopback port, and the person at the other end.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

export const facts = JSON.parse(process.env.FOREIGN_FLOW)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Load a package from the folder in which it is installed. */
export async function load(name) {
  const from = createRequire(`${facts.folder}/package.json`)
  return import(pathToFileURL(from.resolve(name)).href)
}

export function check(condition, what) {
  if (!condition) throw new Error(what)
}

function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** Listen on a free port of this computer; `visit` sends the person and returns where they came back to. */
export async function loopback() {
  let came
  const back = new Promise((resolve) => { came = resolve })
  const server = createServer((request, response) => {
    response.end('<h1>You can close this tab</h1>')
    came(new URL(request.url, `http://127.0.0.1:${server.address().port}`))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    redirectUri: `http://127.0.0.1:${server.address().port}/callback`,
    async visit(url) {
      tell({ open: String(url) })
      const address = await back
      server.close()
      server.closeAllConnections()
      return address
    },
  }
}

/** Have the person type a user code; returns once they have approved. */
export async function typed(started) {
  tell({ open: started.verification_uri, user_code: started.user_code })
  await lines.next()
}

export function done(found) {
  tell({ done: found })
  process.exit(0)
}
