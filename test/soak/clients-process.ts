// The soak's clients: they come and leave in every way that there is, or stay and play as bots.
import { createEntityIndex, query } from 'bitecs'
import { added, close, connectionOf, drain, NetworkErrors, removed, sendCommand, sendMessage } from '../../src/index.js'
import { isScene, scenesOf } from '../../src/scenes.js'
import { Connected, Connection } from '../../components/connection.js'
import { LocalPlayer } from '../../components/networked.js'
import {
  clientReceive,
  clientSend,
  type ClientWorld,
  connect,
  createClientWorld,
  type Loop,
  startLoop,
  type System,
} from '../../src/node-client.js'
import { isOpen } from '../../src/world/client/client-state.js'
import { clientState } from '../../src/world/state.js'
import { createBot } from '../../examples/capture-the-flag/bots.js'
import { Game, GetReady, Join, Lobby, protocol } from '../../examples/capture-the-flag/protocol.js'
import { until } from '../support/until.js'
import { countItems, grown, type Items, storesOf } from './items.js'
import { measure, type Sample } from './meter.js'

const RATE = 20
const CONNECT_LIMIT_MS = 40_000
const JOIN_LIMIT_MS = 40_000

interface Client {
  readonly world: ClientWorld
  loop: Loop | undefined
}

export interface Joining {
  readonly url: string
  readonly count: number
}

export interface CrowdState extends Sample {
  readonly playing: number
  /** Sessions that ended before they should have. */
  readonly ended: number
  readonly errors: Readonly<Record<string, number>>
}

const entityIndex = createEntityIndex()
const crowd = new Set<Client>()
const errors: Record<string, number> = {}
let ended = 0
let former: Items | undefined

/** Connects one; `systems` run between its pipelines. */
async function enter(url: string, systems: System<ClientWorld>[], world: ClientWorld): Promise<Client> {
  const client: Client = { world, loop: undefined }
  crowd.add(client)
  await connect(world, { url, timeout: CONNECT_LIMIT_MS, reconnect: 'resume' })
  const all = [...clientReceive, ...systems, watch, ...clientSend]
  client.loop = startLoop(world, all, { rate: RATE, onError: (error) => count(`thrown: ${String(error)}`) })
  return client
}

function watch(world: ClientWorld): void {
  for (const { code } of drain(world, NetworkErrors)) count(code)
  for (const _ of drain(world, removed(Connected))) ended++
}

function count(code: string): void {
  errors[code] = (errors[code] ?? 0) + 1
}

async function leave(client: Client): Promise<void> {
  client.loop?.stop()
  crowd.delete(client)
  await close(client.world)
  // The stores are the game's, and worlds of one process share them: collections of entities that are gone stay in them
  // until the ids are given out again, and worlds that come and go use ever higher ones.
  if (crowd.size === 0) Game.people.length = 0
}

function newWorld(): ClientWorld {
  return createClientWorld(protocol, { entityIndex })
}

function joinGame(world: ClientWorld): void {
  for (const _ of drain(world, added(Connected))) sendMessage(world, Join, { name: 'Passer-by' })
}

/** One bot of all is never content with the lobby; the others follow it. */
function startMatch(world: ClientWorld): void {
  const me = Connection.player[connectionOf(world)]!
  const inLobby = scenesOf(world).some((one) => isScene(one, Lobby))
  if (me !== 0 && inLobby && Math.random() < 0.02) sendCommand(world, me, GetReady, { ready: true })
}

export const clientTasks = {
  /** Clients come, and each waits until it has a player. */
  async join({ url, count: wanted }: Joining): Promise<void> {
    const enterOne = async (): Promise<void> => {
      const { world } = await enter(url, [joinGame], newWorld())
      await until('a player', () => query(world, [LocalPlayer]).length === 1, JOIN_LIMIT_MS)
    }
    await Promise.all(Array.from({ length: wanted }, enterOne))
  },

  /** All say goodbye. */
  async leave(): Promise<void> {
    await Promise.all([...crowd].map(leave))
  },

  /** Waits until the server has ended every session, and tidies up. */
  async awaitEnd(): Promise<void> {
    const isOver = ({ world }: Client): boolean => clientState(world).session === undefined
    await until('the server ended all', () => [...crowd].every(isOver), JOIN_LIMIT_MS)
    await Promise.all([...crowd].map(leave))
  },

  /** Clients begin to connect, and think better of it at some point on the way. */
  async abort({ url, count: wanted }: Joining): Promise<void> {
    const abortOne = async (_: unknown, i: number): Promise<void> => {
      const world = newWorld()
      const attempt = connect(world, { url, signal: AbortSignal.timeout(10 + i * 45) })
      await attempt.catch(() => {})
      await close(world)
    }
    await Promise.all(Array.from({ length: wanted }, abortOne))
  },

  /** Bots come, and stay. `first`: the number of the first of them. */
  async play({ url, count: wanted, first }: Joining & { first: number }): Promise<void> {
    for (let i = 0; i < wanted; i++) {
      const world = newWorld()
      const systems = createBot(world, first + i)
      await enter(url, first + i === 0 ? [...systems, startMatch] : systems, world)
    }
  },

  measure(): CrowdState {
    const open = [...crowd].filter(({ world }) => isOpen(clientState(world)))
    return { ...measure(open.map(({ world }) => clientState(world))), playing: open.length, ended, errors }
  },

  /** What the clients' roles hold more of than when it was last asked, most first. */
  grown(): { path: string; by: number }[] {
    const roles = [...crowd].map(({ world }) => clientState(world))
    const now = countItems(roles, storesOf(protocol))
    const found = former === undefined ? [] : grown(former, now).slice(0, 20)
    former = now
    return found
  },
}

export type ClientTasks = typeof clientTasks
