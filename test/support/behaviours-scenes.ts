// Behaviours of scenes, over every network.
import { addComponent, addEntity, observe, onAdd, onRemove, query } from 'bitecs'
import {
  type ClientWorld,
  connectionOf,
  defineMessage,
  defineProtocol,
  drain,
  entityOf,
  netIdOf,
  replicate,
  sendMessage,
  type ServerWorld,
  string,
  u16,
  u32,
} from 'bitecs-net'
import {
  changeScene,
  defineScene,
  isScene,
  type SceneLoad,
  type SceneLoader,
  SceneEvents,
  scenesOf,
  setSceneLoader,
} from 'bitecs-net/scenes'
import { Connection, Loading, Networked, Ready } from 'bitecs-net/components'
import type { TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { has, type MakePeers } from './peers.js'

export const Health = { hp: new Uint16Array(60_000) }
export const Chat = defineMessage({ text: string(16_000) })
export const Lobby = defineScene()
export const Match = defineScene({ seed: u32, map: string(40) })
export const Hud = defineScene()
export const Results = defineScene({ winner: string(20) })
export const staged = defineProtocol({
  components: { Health: replicate(Health, { hp: u16 }) },
  messages: { Chat },
  scenes: { Lobby, Match, Hud, Results },
})

export function spawnHealthy(world: ServerWorld, hp: number): number {
  const eid = addEntity(world)
  addComponent(world, eid, Health)
  Health.hp[eid] = hp
  addComponent(world, eid, Networked)
  return eid
}

/** Texts of the messages that arrived since the last call. */
export function textsOf(world: ClientWorld): string[] {
  const texts: string[] = []
  for (const { args } of drain(world, Chat)) texts.push(args.text)
  return texts
}

/** One thing that a loader was asked, for the test to settle. */
export interface Asked {
  readonly load: SceneLoad
  readonly done: () => void
  readonly fail: (cause: unknown) => void
}

/** A loader whose work is done when the test says so. */
export class ManualLoader {
  readonly asked: Asked[] = []
  readonly loader: SceneLoader = (load) =>
    new Promise<void>((resolve, reject) => {
      this.asked.push({ load, done: resolve, fail: reject })
    })

  get last(): Asked {
    return this.asked.at(-1)!
  }

  /** What it was asked, in order: `load Match`. */
  get said(): string[] {
    return this.asked.map(({ load }) => `${load.action} ${load.name}`)
  }
}

/** Ticks, and lets what was awaited go on after each tick: a loader settles between ticks, as in a game. */
export async function tickAwaiting(net: TestNetwork, count = 1): Promise<void> {
  for (let i = 0; i < count; i++) {
    net.tick()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
}

/** Writes down, in their order, the adds and removes of what shows a change of scenes. */
export function watch(world: ServerWorld | ClientWorld, log: string[]): void {
  for (const [name, component] of Object.entries({ Ready, Loading, Networked })) {
    observe(world, onAdd(component), () => void log.push(`+${name}`))
    observe(world, onRemove(component), () => void log.push(`-${name}`))
  }
}

export function sceneBehaviours(network: string, make: MakePeers): void {
  describe(`scenes over ${network}`, () => {
    it('32: changing scene: clients not ready → Loading → paused dispatch, bounded → resumed in order, nothing lost', async () => {
      const peers = await make(staged, 2)
      try {
        const { server } = peers
        const [first, second] = peers.clients
        const loader = new ManualLoader()
        setSceneLoader(first!.world, loader.loader)
        const ship = spawnHealthy(server, 100)
        const copy = (): number => entityOf(first!.world, netIdOf(server, ship))
        await peers.until('the ship is there', () => copy() !== 0)
        const log: string[] = []
        const serverLog: string[] = []
        watch(first!.world, log)
        watch(server, serverLog)
        const heard: string[] = []
        const events: string[] = []
        const listen = (): void => {
          heard.push(...textsOf(first!.world))
          for (const event of drain(first!.world, SceneEvents)) {
            events.push(`${event.kind} ${event.name} ${isScene(event, Match) ? event.args.seed : ''}`)
          }
        }

        await peers.onServer(() => {
          sendMessage(server, Chat, { text: 'before' })
          changeScene(server, Match, { seed: 7, map: 'dust' })
          sendMessage(server, Chat, { text: 'behind 1' }, { to: 'all' })
        })
        expect(serverLog.slice(0, 4)).toEqual(['-Ready', '+Loading', '-Ready', '+Loading'])
        await peers.until('the loader is asked, and the other client is done', () => {
          listen()
          const others = query(server, [Connection, Ready]).length
          return loader.asked.length === 1 && others === 1 && has(second!.world, connectionOf(second!.world), Ready)
        })
        expect(loader.last.load.args).toEqual({ seed: 7, map: 'dust' })
        expect(loader.said).toEqual(['load Match'])
        expect(log).toEqual(['-Networked', '-Ready', '+Loading'])
        expect(has(server, first!.connection, Loading)).toBe(true)
        expect(has(server, first!.connection, Ready)).toBe(false)

        for (let i = 2; i < 30; i++) {
          sendMessage(server, Chat, { text: `behind ${i}` }, { to: 'all' })
          Health.hp[ship] = 100 + i
          await peers.settle(1)
          listen()
        }
        await peers.settle(10)
        listen()
        expect(heard).toEqual(['before'])
        expect(events).toEqual(['changing Match 7'])

        loader.last.done()
        await peers.until('it takes part again, with everything', () => {
          listen()
          return has(server, first!.connection, Ready) && copy() !== 0 && Health.hp[copy()] === 129
        })
        await peers.settle()
        listen()
        expect(log.slice(3)).toEqual(['-Loading', '+Ready', '+Networked'])
        expect(heard).toEqual(['before', ...Array.from({ length: 29 }, (_, i) => `behind ${i + 1}`)])
        expect(events).toEqual(['changing Match 7', 'changed Match 7'])
        expect(scenesOf(first!.world).map(({ name }) => name)).toEqual(['Match'])
        expect(has(server, first!.connection, Loading)).toBe(false)
        expect(Connection.progress[first!.connection]).toBe(1)
      } finally {
        await peers.close()
      }
    })
  })
}
