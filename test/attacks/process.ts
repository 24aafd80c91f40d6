// A process of the attack suite: takes its role from the command line, and does what it is asked until its parent is
// gone.
import { answerTasks, type Tasks } from '../support/worker.js'

const roles: Record<string, () => Promise<Tasks>> = {
  ours: async () => (await import('./our-server.js')).ourTasks,
  bare: async () => (await import('./bare-server.js')).bareTasks,
  attackers: async () => (await import('./attackers.js')).attackerTasks,
  players: async () => (await import('./players.js')).playerTasks,
}

answerTasks(await roles[process.argv[2]!]!())
