// Tests the types of prefabs and keys: inferred payloads, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import {
  type ClientWorld,
  defineProtocol,
  drain,
  entity,
  f32,
  optional,
  string,
  type ServerWorld,
  u8,
} from 'bitecs-net'
import {
  definePrefab,
  entityOfKey,
  onSpawn,
  type Prefab,
  prefabOf,
  setSpawnKey,
  spawn,
  type UnmatchedSpawn,
  UnmatchedSpawns,
  usePrefab,
} from 'bitecs-net/prefabs'

const Position = { x: new Float32Array(1) }
const Ball = definePrefab({ components: [Position], payload: { color: u8, thrower: entity, name: string(20) } })
const Note = definePrefab({ payload: { text: optional(string(20)) } })
const Door = definePrefab({ components: [Position] })
const Message = { from: f32 }

declare const server: ServerWorld
declare const client: ClientWorld

it('the arguments of a hook are inferred from the payload', () => {
  expectTypeOf(() => {
    const stop = onSpawn(client, Ball, ({ entity: eid, args }) => {
      expectTypeOf(eid).toEqualTypeOf<number>()
      expectTypeOf(args).toEqualTypeOf<Readonly<{ color: number; thrower: number; name: string }>>()
      // @ts-expect-error no such field
      void args.size
      return () => undefined
    })
    expectTypeOf(stop).toEqualTypeOf<() => void>()
    onSpawn(client, Door, () => undefined)
    onSpawn(client, Note, ({ args }) => void expectTypeOf(args.text).toEqualTypeOf<string | undefined>())
    expectTypeOf(prefabOf(client, 1)).toEqualTypeOf<Prefab | undefined>()
    for (const lost of drain(client, UnmatchedSpawns)) expectTypeOf(lost).toEqualTypeOf<UnmatchedSpawn>()
  }).returns.toBeVoid()
})

it('correct spawns, prefabs and keys compile', () => {
  expectTypeOf(() => {
    expectTypeOf(spawn(server, Ball, { color: 1, thrower: 0, name: '' })).toEqualTypeOf<number>()
    spawn(
      server,
      Ball,
      { color: 1, thrower: 0, name: '' },
      { owner: 1, onLeave: 'keep', key: 'k', set: () => undefined },
    )
    spawn(server, Door)
    spawn(server, Door, {}, { key: 'door' })
    spawn(server, Note)
    spawn(server, Note, { text: 'hello' })
    usePrefab(server, 1, Door)
    usePrefab(server, 1, Ball, { color: 1, thrower: 0, name: '' })
    setSpawnKey(server, 1, 'door')
    setSpawnKey(client, 1, 'door')
    setSpawnKey(client, 1, 'shot', { kind: 'predicted', waitTicks: 20 })
    expectTypeOf(entityOfKey(server, 'door')).toEqualTypeOf<number>()
  }).returns.toBeVoid()
})

it('a wrong payload, option or side does not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error options in the place of a payload that has no fields
    spawn(server, Door, { owner: 1 })
    // @ts-expect-error a payload that has no fields
    usePrefab(server, 1, Door, { color: 1 })
    // @ts-expect-error a payload is needed
    spawn(server, Ball)
    // @ts-expect-error a field is missing
    spawn(server, Ball, { color: 1, name: '' })
    // @ts-expect-error a field of another type
    spawn(server, Ball, { color: 'red', thrower: 0, name: '' })
    // @ts-expect-error a field that does not exist
    spawn(server, Ball, { color: 1, thrower: 0, name: '', size: 2 })
    // @ts-expect-error a payload is needed
    usePrefab(server, 1, Ball)
    // @ts-expect-error no such option
    spawn(server, Door, {}, { at: 5 })
    // @ts-expect-error no prefab
    spawn(server, Message)
    // @ts-expect-error the server spawns
    spawn(client, Door)
    // @ts-expect-error the server's
    usePrefab(client, 1, Door)
    // @ts-expect-error clients build
    onSpawn(server, Door, () => undefined)
    setSpawnKey(server, 1, 'door', { kind: 'predicted' })
    spawn(server, Door, {}, { key: 'door', keyKind: 'predicted' })
    // @ts-expect-error no such kind
    spawn(server, Door, {}, { key: 'door', keyKind: 'other' })
    // @ts-expect-error a client waits
    setSpawnKey(server, 1, 'door', { kind: 'predicted', waitTicks: 3 })
    // @ts-expect-error no such kind
    setSpawnKey(client, 1, 'door', { kind: 'other' })
    // @ts-expect-error a client's
    drain(server, UnmatchedSpawns)
    // @ts-expect-error a field needs a schema type
    definePrefab({ payload: { color: 'u8' } })
    // @ts-expect-error a prefab belongs to prefabs
    defineProtocol({ remote: { Ball } })
  }).returns.toBeVoid()
})

it('a protocol keeps the names of its prefabs', () => {
  expectTypeOf(() => {
    const protocol = defineProtocol({ prefabs: { Ball, Door } })
    expectTypeOf(protocol.prefabs.Ball).toEqualTypeOf(Ball)
    // @ts-expect-error not in the protocol
    void protocol.prefabs.Note
  }).returns.toBeVoid()
})
