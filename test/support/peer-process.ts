// A server or a client in a process of its own, which writes down when it noticed what: for tests that kill and stop
// it.
import { createEntityIndex, hasComponent, query } from 'bitecs'
import {
  added,
  type ClientWorld,
  close,
  connectionOf,
  createClientWorld,
  createServerWorld,
  drain,
  removed,
  sendMessage,
  type ServerWorld,
  setPlayer,
} from 'bitecs-net'
import { Connected, Connection, Interrupted } from 'bitecs-net/components'
import { connect, startLoop } from 'bitecs-net/node'
import { listen } from 'bitecs-net/server'
import { clientReceive, clientSend } from 'bitecs-net/systems'
import * as game from './arena.js'
import { answerTasks, sharedNow } from './worker.js'

/** What a side noticed, and when. */
export interface Noticed {
  /** Whom: on the server the name that the client gave, on a client its own. */
  readonly name: string
  readonly what: 'connected' | 'interrupted' | 'back' | 'ended'
  /** Milliseconds of the clock that all processes share. */
  readonly at: number
  readonly reason?: string
}

const log: Noticed[] = []
const TICK_RATE = 20

/** Writes down what happens to connections. `nameOf` names one that has told its name, else ''. */
function watch(world: ServerWorld | ClientWorld, nameOf: (connection: number) => string): void {
  const note = (entity: number, what: Noticed['what'], reason?: string): void => {
    log.push({ name: nameOf(entity), what, at: sharedNow(), ...(reason === undefined ? undefined : { reason }) })
  }
  for (const { entity } of drain(world, added(Interrupted))) note(entity, 'interrupted')
  for (const { entity } of drain(world, removed(Interrupted))) {
    if (hasComponent(world, entity, Connected)) note(entity, 'back')
  }
  for (const { entity, reason } of drain(world, removed(Connected))) note(entity, 'ended', reason)
}

const serverTasks = {
  async start(options: { timeout?: number; resumeTime?: number }): Promise<{ port: number }> {
    const world = createServerWorld(game.arena, { tickRate: TICK_RATE })
    const names = new Map<number, string>()
    /** Everyone says a name first, and gets a ship. */
    const welcome = (): void => {
      for (const { sender, args } of drain(world, game.Chat)) {
        names.set(sender, args.text)
        setPlayer(world, sender, game.spawnShip(world, 1, 2, 3))
        log.push({ name: args.text, what: 'connected', at: sharedNow() })
      }
    }
    const server = await listen(world, {
      port: 0,
      host: '127.0.0.1',
      network: { bindAddress: '127.0.0.1' },
      sessions: options,
    })
    server.run([welcome, () => watch(world, (connection) => names.get(connection) ?? '')])
    return { port: server.port }
  },

  log: (): Noticed[] => log,
}

const entityIndex = createEntityIndex()
const worlds = new Map<string, ClientWorld>()

const clientTasks = {
  /** Connects one under a name; resolves when it has a player. */
  async connect({ url, name }: { url: string; name: string }): Promise<void> {
    const world = createClientWorld(game.arena, { entityIndex })
    worlds.set(name, world)
    await connect(world, { url, timeout: 20_000 })
    sendMessage(world, game.Chat, { text: name })
    startLoop<ClientWorld>(world, [...clientReceive, () => watch(world, () => name), ...clientSend], { rate: 30 })
    while (Connection.player[connectionOf(world)] === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    log.push({ name, what: 'connected', at: sharedNow() })
  },

  /** Says goodbye. */
  async leave({ name }: { name: string }): Promise<void> {
    await close(worlds.get(name)!)
  },

  /** Whether it still has the player that it got, and how many entities it sees. */
  state({ name }: { name: string }): { player: number; ships: number } {
    const world = worlds.get(name)!
    return { player: Connection.player[connectionOf(world)]!, ships: query(world, [game.Health]).length }
  },

  log: (): Noticed[] => log,
}

export type ServerTasks = typeof serverTasks
export type ClientTasks = typeof clientTasks

answerTasks(process.argv[2] === 'server' ? serverTasks : clientTasks)
