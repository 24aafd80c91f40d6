// Tests the types of writing components: unknown fields and values of other types do not compile.
import { expectTypeOf, it } from 'vitest'
import { type ClientWorld, f32, markChanged, replicate, type ServerWorld, u16, writeComponent } from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'

const Position = { x: new Float32Array(1), y: new Float32Array(1), label: ['a'] }
const Health = { hp: new Uint16Array(1) }

declare const server: ServerWorld
declare const client: ClientWorld

it('a server writes number fields and marks changes', () => {
  expectTypeOf(() => {
    replicate(Health, { hp: u16 }, { track: 'marked' })
    // @ts-expect-error there is no such way of tracking
    replicate(Health, { hp: u16 }, { track: 'always' })
    replicate(Health, { hp: u16 }, { send: 'once' })
    replicate(Health, { hp: u16 }, { interval: 5 })
    // @ts-expect-error there is no such time
    replicate(Health, { hp: u16 }, { send: 'never' })
    // @ts-expect-error an interval is a number of ticks
    replicate(Health, { hp: u16 }, { interval: '5' })
    writeComponent(server, 1, Position, { x: 1 })
    writeComponent(server, 1, Position, { x: 1, y: 2 })
    // @ts-expect-error a field that there is not
    writeComponent(server, 1, Position, { z: 1 })
    // @ts-expect-error a value of another type
    writeComponent(server, 1, Position, { x: '1' })
    // @ts-expect-error texts are not columns
    writeComponent(server, 1, Position, { label: 'b' })
    // @ts-expect-error only a server finds changes
    writeComponent(client, 1, Position, { x: 1 })
    markChanged(server, 1, Health)
    // @ts-expect-error only a server finds changes
    markChanged(client, 1, Health)
  }).toBeFunction()
})

it('a server checks and corrects components with client authority, and the check has typed fields', () => {
  expectTypeOf(() => {
    const moved = replicate(Position, { x: f32, y: f32 }, { authority: 'client' })
    validateWrites(server, moved, ({ entity, sender, before, after }) => {
      expectTypeOf([entity, sender, before.x, after.y]).toEqualTypeOf<number[]>()
      // @ts-expect-error what was is not for the check to change
      before.x = 1
      after.x = 1
      // @ts-expect-error a field that is not replicated
      return after.label === 1
    })
    // @ts-expect-error a check says whether the values are taken
    validateWrites(server, moved, () => 'yes')
    // @ts-expect-error only a server checks
    validateWrites(client, moved, () => true)
    const health = replicate(Health, { hp: u16 })
    // @ts-expect-error the server alone writes it
    validateWrites(server, health, () => true)
    correct(server, 1, Position)
    correct(server, 1)
    // @ts-expect-error only a server corrects
    correct(client, 1, Position)
    // @ts-expect-error there is no such authority
    replicate(Health, { hp: u16 }, { authority: 'owner' })
    // @ts-expect-error there are no such receivers
    replicate(Health, { hp: u16 }, { to: 'team' })
  }).toBeFunction()
})
