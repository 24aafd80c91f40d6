// Types of writing components: fields and values that the component does not have do not compile.
import { expectTypeOf, it } from 'vitest'
import { type ClientWorld, markChanged, replicate, type ServerWorld, u16, writeComponent } from 'bitecs-net'

const Position = { x: new Float32Array(1), y: new Float32Array(1), label: ['a'] }
const Health = { hp: new Uint16Array(1) }

declare const server: ServerWorld
declare const client: ClientWorld

it('only fields of numbers can be written, and only a server finds changes', () => {
  expectTypeOf(() => {
    replicate(Health, { hp: u16 }, { track: 'marked' })
    // @ts-expect-error there is no such way of tracking
    replicate(Health, { hp: u16 }, { track: 'always' })
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
