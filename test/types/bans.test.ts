// Tests the types of the verbs of bans, and misuse. Checked by `tsc`; the calls never run.
import { type ClientWorld, type ServerWorld } from 'bitecs-net'
import { ban, type Ban, type BanOptions, bans, type BanTarget, unban } from 'bitecs-net/users'
import type { HostWorld } from 'bitecs-net/host'
import { expectTypeOf, it } from 'vitest'

declare const server: ServerWorld
declare const host: HostWorld
declare const client: ClientWorld
declare const connection: number

it('a server bans a connection, a user or an address', () => {
  expectTypeOf(() => {
    expectTypeOf(ban(server, connection)).toEqualTypeOf<void>()
    ban(host, connection, { by: 'address', seconds: 3600, text: 'go' })
    ban(server, { user: 'ann' }, { until: Date.now() + 1000 })
    ban(server, { user: 7 })
    ban(server, { address: '203.0.113.1' }, { seconds: 60 })
    // @ts-expect-error a client bans nobody
    ban(client, connection)
    // @ts-expect-error a text is no connection: say whether it is a user or an address
    ban(server, 'ann')
    // @ts-expect-error one of both
    ban(server, { user: 'ann', address: '203.0.113.1' })
    // @ts-expect-error of whom?
    ban(server, {})
    // @ts-expect-error no such identity
    ban(server, connection, { by: 'name' })
    // @ts-expect-error seconds, not a text
    ban(server, connection, { seconds: '60' })
    // @ts-expect-error milliseconds since 1970, not a date
    ban(server, connection, { until: new Date() })
    // @ts-expect-error no such option
    ban(server, connection, { reason: 'cheating' })
  }).toBeFunction()
})

it('a server lifts a ban by user or address, not by connection', () => {
  expectTypeOf(() => {
    expectTypeOf(unban(server, { user: 'ann' })).toEqualTypeOf<boolean>()
    unban(server, { address: '::1' })
    // @ts-expect-error a banned client has no connection
    unban(server, connection)
    // @ts-expect-error a client has no bans
    unban(client, { user: 'ann' })
  }).toBeFunction()
})

it('a listed ban is read-only data, and can be both arguments of ban', () => {
  expectTypeOf(() => {
    const kept = bans(server)
    expectTypeOf(kept).toEqualTypeOf<Ban[]>()
    for (const one of kept) {
      expectTypeOf(one).toExtend<BanTarget>()
      expectTypeOf(one).toExtend<BanOptions>()
      expectTypeOf(one.text).toEqualTypeOf<string>()
      expectTypeOf(one.until).toEqualTypeOf<number | undefined>()
      ban(server, one, one)
      unban(server, one)
      // @ts-expect-error what is listed stays as it is
      one.text = 'other'
    }
    // @ts-expect-error a client has no bans
    bans(client)
  }).toBeFunction()
})
