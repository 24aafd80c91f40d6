// Tests the types of retire, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import { added, type ClientWorld, drain, retire, type ServerWorld } from 'bitecs-net'
import { Draining } from 'bitecs-net/components'
import type { Server } from 'bitecs-net/server'

declare const server: ServerWorld
declare const client: ClientWorld
declare const listening: Server

it('retire is for servers only, and needs a grace time', () => {
  expectTypeOf(() => {
    expectTypeOf(retire(server, { grace: 1000 })).toEqualTypeOf<Promise<void>>()
    void retire(server, { grace: 1000, text: 'a new version' })
    void listening.close('a new version', { grace: 1000 })
    // @ts-expect-error a client does not retire its server
    void retire(client, { grace: 1000 })
    // @ts-expect-error how long?
    void retire(server, { text: 'soon' })
    // @ts-expect-error milliseconds, not a text
    void listening.close('soon', { grace: '10s' })
  }).toBeFunction()
})

it('a client drains the event of a draining server', () => {
  expectTypeOf(() => {
    for (const { entity } of drain(client, added(Draining)))
      expectTypeOf(Draining.endsAt[entity]!).toEqualTypeOf<number>()
  }).toBeFunction()
})
