// Tests the types of the verbs of budgets, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import { added, type ClientWorld, drain, type ServerWorld } from 'bitecs-net'
import { setMaxBytesPerSecond, setPriority } from 'bitecs-net/interest'
import { Joined } from 'bitecs-net/components'

declare const server: ServerWorld
declare const client: ClientWorld

it('a server sets budgets and priorities as numbers', () => {
  expectTypeOf(() => {
    setMaxBytesPerSecond(server, 1, 64_000)
    setPriority(server, 1, 2)
    // @ts-expect-error a client does not decide what it is sent
    setMaxBytesPerSecond(client, 1, 64_000)
    // @ts-expect-error nor what matters
    setPriority(client, 1, 2)
    // @ts-expect-error a number of bytes, not a text
    setMaxBytesPerSecond(server, 1, '64 kB')
    // @ts-expect-error no priority
    setPriority(server, 1)
  }).toBeFunction()
})

it('a client drains the event of having joined', () => {
  expectTypeOf(() => {
    for (const { entity } of drain(client, added(Joined))) expectTypeOf(entity).toEqualTypeOf<number>()
  }).toBeFunction()
})
