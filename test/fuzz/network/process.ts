// A process of the fuzzing over a real network: takes its role from the command line, and does what it is asked.
import { answerTasks, type Tasks } from '../../support/worker.js'

const roles: Record<string, () => Promise<Tasks>> = {
  server: async () => (await import('./server.js')).serverTasks,
  players: async () => (await import('./players.js')).playerTasks,
  hostile: async () => (await import('./hostile.js')).hostileTasks,
}

answerTasks(await roles[process.argv[2]!]!())
