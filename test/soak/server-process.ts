// The soak's server: capture-the-flag over real WebRTC, which can be measured, and started again and again.
import { query } from 'bitecs'
import { drain, kick, NetworkErrors } from '../../src/index.js'
import { Connected } from '../../components/connection.js'
import { createServerWorld, listen, type Server, type ServerWorld } from '../../src/server.js'
import { serverState } from '../../src/world/state.js'
import { protocol, setup, systems, tickRate } from '../../examples/capture-the-flag/server.js'
import { countItems, grown, type Items, storesOf } from './items.js'
import { measure, type Sample } from './meter.js'

export interface ServerSettings {
  /** As in the `sessions` of `listen`. */
  timeout?: number
  resumeTime?: number
}

export interface ServerState extends Sample {
  readonly connections: number
  readonly entities: number
  /** Steps of the loop that were skipped, for want of time. */
  readonly skipped: number
  readonly lostUnreliable: number
  /** How often each error came, by code, since the process began. */
  readonly errors: Readonly<Record<string, number>>
}

let world: ServerWorld
let server: Server
let settings: ServerSettings = {}
let loop: { readonly skipped: number } | undefined
let former: Items | undefined
const errors: Record<string, number> = {}

function makeWorld(): void {
  world = createServerWorld(protocol, { tickRate })
  setup(world)
}

function countErrors(of: ServerWorld): void {
  for (const { code } of drain(of, NetworkErrors)) errors[code] = (errors[code] ?? 0) + 1
}

async function begin(port: number): Promise<{ port: number }> {
  server = await listen(world, { port, host: '127.0.0.1', network: { bindAddress: '127.0.0.1' }, sessions: settings })
  loop = server.run([...systems, countErrors])
  return { port: server.port }
}

export const serverTasks = {
  start(wanted: ServerSettings): Promise<{ port: number }> {
    settings = wanted
    makeWorld()
    return begin(0)
  },

  /** Closes, and listens again: with the same world, or with a new one. */
  async restart({ anew }: { anew: boolean }): Promise<{ port: number }> {
    await server.close()
    if (anew) makeWorld()
    return await begin(0)
  },

  kickAll(): void {
    for (const connection of [...query(world, [Connected])]) kick(world, connection, 'the soak goes on')
  },

  connections(): number {
    return serverState(world).peers.length
  },

  measure(): ServerState {
    const role = serverState(world)
    return {
      ...measure([role]),
      connections: role.peers.length,
      entities: role.replication.entities.alive,
      skipped: loop?.skipped ?? 0,
      lostUnreliable: role.counters.duplicatePackets,
      errors,
    }
  },

  /** What the library holds more of than when it was last asked, most first. */
  grown(): { path: string; by: number }[] {
    const now = countItems(serverState(world), storesOf(protocol))
    const found = former === undefined ? [] : grown(former, now).slice(0, 20)
    former = now
    return found
  },
}

export type ServerTasks = typeof serverTasks
