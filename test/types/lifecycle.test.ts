// Tests the types of lifecycle verbs and events. Checked by `tsc`; the calls never run.
import {
  added,
  changed,
  type ClientWorld,
  defineProtocol,
  drain,
  entity,
  removed,
  removePlayer,
  replicate,
  type ServerWorld,
  setOwner,
  setPlayer,
  u16,
} from 'bitecs-net'
import { ObserversAdded, ObserversRemoved } from 'bitecs-net/interest'
import { Stalled } from 'bitecs-net/components'
import { listen } from 'bitecs-net/server'
import { expectTypeOf, it } from 'vitest'

declare const server: ServerWorld
declare const client: ClientWorld

const Health = { hp: new Uint16Array(1), aim: new Uint32Array(1), name: [''] }
const Marker = {}
const protocol = defineProtocol({
  components: {
    Health: replicate(Health, { hp: u16, aim: entity }, { trackChanges: true }),
    Marker: replicate(Marker),
  },
})
const Part = replicate(Health, { hp: u16 }, { trackChanges: true })

it('both sides drain the events of a stalled peer', () => {
  expectTypeOf(() => {
    for (const event of drain(server, added(Stalled))) {
      expectTypeOf(event.entity).toEqualTypeOf<number>()
      expectTypeOf(event.reason).toEqualTypeOf<string>()
    }
    for (const event of drain(client, removed(Stalled))) expectTypeOf(event.entity).toEqualTypeOf<number>()
    void listen(server, { sessions: { stalledAfter: 5000 } })
    // @ts-expect-error milliseconds, not a text
    void listen(server, { stalledAfter: '5s' })
    // @ts-expect-error a tag has no values
    expectTypeOf(Stalled.since)
  }).toBeFunction()
})

it('setOwner and setPlayer accept only existing options', () => {
  expectTypeOf(() => {
    setOwner(server, 1, 2, { onLeave: 'keep' })
    setOwner(server, 1, 2, { onLeave: { graceMs: 30_000 } })
    setPlayer(server, 1, 2, { former: 'unspawn', onLeave: 'despawn' })
    removePlayer(server, 1, { former: 'release' })
    // @ts-expect-error no such fate
    setPlayer(server, 1, 2, { former: 'explode' })
    // @ts-expect-error a grace is an object
    setOwner(server, 1, 2, { onLeave: 30_000 })
    // @ts-expect-error nobody leaves who has no player to come
    removePlayer(server, 1, { onLeave: 'keep' })
    // @ts-expect-error players are the server's
    removePlayer(client, 1)
  }).returns.toBeVoid()
})

it('observer events are typed, and for servers only', () => {
  expectTypeOf(() => {
    for (const event of drain(server, ObserversAdded)) expectTypeOf(event.connection).toEqualTypeOf<number>()
    for (const { reason } of drain(server, ObserversRemoved)) {
      expectTypeOf(reason).toEqualTypeOf<'destroyed' | 'hidden' | 'disconnected'>()
    }
    // @ts-expect-error clients know nothing of each other
    drain(client, ObserversAdded)
    // @ts-expect-error clients know nothing of each other
    drain(client, ObserversRemoved)
  }).returns.toBeVoid()
})

it('changes have the types of the replicated fields', () => {
  expectTypeOf(() => {
    for (const { entity: eid, netId, before, after } of drain(client, changed(protocol.components.Health))) {
      expectTypeOf(eid).toEqualTypeOf<number>()
      expectTypeOf(netId).toEqualTypeOf<number>()
      expectTypeOf(before).toEqualTypeOf<{ readonly hp: number; readonly aim: number }>()
      expectTypeOf(after).toEqualTypeOf<{ readonly hp: number; readonly aim: number }>()
      // @ts-expect-error views are read-only
      after.hp = 5
      // @ts-expect-error no such field
      void before.name
    }
    for (const { before } of drain(server, changed(Part))) {
      expectTypeOf(before).toEqualTypeOf<{ readonly hp: number }>()
      // @ts-expect-error this field is not replicated
      void before.aim
    }
    for (const { after } of drain(server, changed(Health))) {
      expectTypeOf(after).toEqualTypeOf<{ readonly hp: number; readonly aim: number }>()
    }
    for (const { after } of drain(server, changed(protocol.components.Marker))) expectTypeOf(after).toEqualTypeOf<{}>()
    // @ts-expect-error a name of a field that does not exist
    replicate(Health, { hp: u16, power: u16 })
    // @ts-expect-error names are no numbers
    replicate(Health, { hp: u16, name: u16 })
  }).returns.toBeVoid()
})
