// A process of the soak: takes its role from the command line, and does what it is asked until its parent is gone.
import { answerTasks, type Tasks } from '../support/worker.js'

const roles: Record<string, () => Promise<Tasks>> = {
  server: async () => (await import('./server-process.js')).serverTasks,
  clients: async () => (await import('./clients-process.js')).clientTasks,
  relay: async () => (await import('./relay-process.js')).relayTasks,
}

answerTasks(await roles[process.argv[2]!]!())
