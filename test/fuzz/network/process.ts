// Runs one process of the fuzzing over a real network: its role is given on the command line.
import { answerTasks, type Tasks } from '../../support/worker.js'

const roles: Record<string, () => Promise<Tasks>> = {
  server: async () => (await import('./server.js')).serverTasks,
  players: async () => (await import('./players.js')).playerTasks,
  hostile: async () => (await import('./hostile.js')).hostileTasks,
}

answerTasks(await roles[process.argv[2]!]!())
