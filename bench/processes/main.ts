// Runs one process of the benchmark: takes its role from the command line, and answers requests until its parent ends.
import type { Roles } from './roles.js'

interface Question {
  readonly id: number
  readonly task: string
  readonly args: never
}

/** Each role loads by itself: a bare server must not carry the library. */
const roles: { readonly [Role in keyof Roles]: () => Promise<Roles[Role]> } = {
  'our-server': async () => (await import('./our-server.js')).ourServer,
  'our-clients': async () => (await import('./our-clients.js')).ourClients,
  'bare-server': async () => (await import('./bare-server.js')).bareServer,
  'bare-clients': async () => (await import('./bare-clients.js')).bareClients,
  'ws-server': async () => (await import('./ws.js')).wsServer,
  'ws-clients': async () => (await import('./ws.js')).wsClients,
}

const tasks = (await roles[process.argv[2] as keyof Roles]()) as unknown as Record<string, (args: never) => unknown>

async function answer({ id, task, args }: Question): Promise<void> {
  try {
    process.send!({ id, result: (await tasks[task]!(args)) ?? null })
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

process.on('message', (question) => void answer(question as Question))
process.on('disconnect', () => process.exit())
