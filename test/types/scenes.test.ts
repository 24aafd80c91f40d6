// Tests the types of scene changes and loaders, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import {
  type ClientWorld,
  defineCommand,
  defineProtocol,
  drain,
  optional,
  type ServerWorld,
  string,
  u8,
  u32,
} from 'bitecs-net'
import {
  changeScene,
  defineScene,
  isScene,
  loadScene,
  type LoadedScene,
  type Scene,
  type SceneEvent,
  SceneEvents,
  type SceneLoad,
  scenesOf,
  setScene,
  setSceneLoader,
  unloadScene,
} from 'bitecs-net/scenes'

const Lobby = defineScene()
const Empty = defineScene({})
const Match = defineScene({ seed: u32, map: string(20) })
const Results = defineScene({ winner: optional(u8) })
const Fire = defineCommand({})
declare const server: ServerWorld
declare const client: ClientWorld

it('a protocol keeps each scene under its name', () => {
  expectTypeOf(() => {
    const protocol = defineProtocol({ scenes: { Lobby, Match } })
    expectTypeOf(protocol.scenes.Match).toEqualTypeOf<typeof Match>()
    // @ts-expect-error no such scene
    void protocol.scenes.Results
    // @ts-expect-error a command is no scene
    defineProtocol({ scenes: { Fire } })
  }).returns.toBeVoid()
})

it('the arguments of a change are typed, and optional if no field is required', () => {
  expectTypeOf(() => {
    changeScene(server, Lobby)
    changeScene(server, Empty, {}, { to: 'all' })
    changeScene(server, Match, { seed: 1, map: '' })
    changeScene(server, Match, { seed: 1, map: '' }, { to: [1, 2] })
    changeScene(server, Results)
    changeScene(server, Results, { winner: 1 }, { to: 5 })
    loadScene(server, Lobby, {}, { to: new Set([1]) })
    unloadScene(server, Match)
    unloadScene(server, Match, { to: 4 })
    setScene(server, 1, Match)
    setScene(server, 1, undefined)
    // @ts-expect-error the arguments are missing
    changeScene(server, Match)
    // @ts-expect-error a field is missing
    changeScene(server, Match, { seed: 1 })
    // @ts-expect-error a field of another type
    loadScene(server, Match, { seed: '1', map: '' })
    // @ts-expect-error a field that does not exist
    changeScene(server, Lobby, { seed: 1 })
    // @ts-expect-error there is no such target
    changeScene(server, Lobby, {}, { to: 'ready' })
    // @ts-expect-error a command is no scene
    changeScene(server, Fire)
  }).returns.toBeVoid()
})

it('only a server changes scenes', () => {
  expectTypeOf(() => {
    // @ts-expect-error only the server changes scenes
    changeScene(client, Lobby)
    // @ts-expect-error only the server changes scenes
    loadScene(client, Lobby)
    // @ts-expect-error only the server changes scenes
    unloadScene(client, Lobby)
    // @ts-expect-error members of scenes are the server's
    setScene(client, 1, Lobby)
    setSceneLoader(client, undefined)
    setSceneLoader(server, () => undefined)
  }).returns.toBeVoid()
})

it('isScene narrows the arguments of a loader and an event', () => {
  expectTypeOf(() => {
    setSceneLoader(client, async (load) => {
      expectTypeOf(load).toEqualTypeOf<SceneLoad>()
      expectTypeOf(load.action).toEqualTypeOf<'load' | 'unload'>()
      load.progress(0.5)
      if (isScene(load, Match)) {
        expectTypeOf(load.args.seed).toEqualTypeOf<number>()
        expectTypeOf(load.args.map).toEqualTypeOf<string>()
        expectTypeOf(load.signal).toEqualTypeOf<AbortSignal>()
        // @ts-expect-error what is told is read-only
        load.args.seed = 3
      }
      await Promise.resolve()
    })
    // @ts-expect-error a loader returns nothing
    setSceneLoader(client, () => 5)
    for (const event of drain(client, SceneEvents)) {
      expectTypeOf(event).toEqualTypeOf<SceneEvent>()
      expectTypeOf(event.kind).toEqualTypeOf<'changing' | 'changed' | 'unloaded' | 'failed'>()
      if (isScene(event, Results)) expectTypeOf(event.args.winner).toEqualTypeOf<number | undefined>()
    }
    for (const event of drain(server, SceneEvents)) expectTypeOf(event.scene).toEqualTypeOf<Scene>()
    expectTypeOf(scenesOf(server, 3)).toEqualTypeOf<LoadedScene[]>()
    expectTypeOf(scenesOf(client)).toEqualTypeOf<LoadedScene[]>()
  }).returns.toBeVoid()
})
