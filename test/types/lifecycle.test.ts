// Types of lifecycle: what its verbs and events take and give. Checked by `tsc`; the calls here never run.
import { type ClientWorld, removePlayer, type ServerWorld, setOwner, setPlayer } from 'bitecs-net'
import { expectTypeOf, it } from 'vitest'

declare const server: ServerWorld
declare const client: ClientWorld

it('takes the options of owners and players that exist', () => {
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
