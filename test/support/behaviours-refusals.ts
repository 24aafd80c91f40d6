// Every way to be turned away, or sent away, over any network: both sides know why, in words for the player.
import { observe, onRemove } from 'bitecs'
import { close, connectionOf, defineProtocol, kick, type Protocol, retire } from 'bitecs-net'
import { type AuthenticationRequest, ban, bans, unban } from 'bitecs-net/users'
import { Connected, Connection } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import type { MakePeers, Peer } from './peers.js'

const serving = {
  users: {
    authenticate: ({ token }: AuthenticationRequest): object => ({ id: token }),
    userKey: 'id',
    duplicateUsers: 'refuse-new',
  },
  limits: { maxConnections: 2 },
} as const

const reasonAt = ({ world }: Peer) => Connection.reason[connectionOf(world)]

export function refusalBehaviours(network: string, make: MakePeers): void {
  describe(`a client that is refused or removed over ${network}`, () => {
    it('gets the reason from connect and Connection.reason: duplicate, full, kicked, mismatch, banned, draining, stopped', async () => {
      const peers = await make(game.arena, 0, serving)
      const { server } = peers
      const seen: string[] = []
      observe(server, onRemove(Connected), (eid: number) => {
        const { code, text, by } = Connection.reason[eid]!
        seen.push(`${code} ${by}: ${text}`)
      })
      const join = (token: string): Promise<Peer> => peers.join(undefined, { token })
      const refusal = (token: string, protocol: Protocol = game.arena): Promise<unknown> =>
        peers.join(undefined, { token, protocol }).then(
          () => 'let in',
          ({ name, code, message }: Error & { code: string }) => [name, code, message],
        )
      const ended = async (peer: Peer): Promise<unknown> => {
        await peers.until('the end is shown', () => reasonAt(peer) !== undefined)
        return reasonAt(peer)
      }
      try {
        const ann = await join('ann')
        expect(await refusal('ann')).toEqual(['ConnectionError', 'duplicate-user', 'you are on this server already'])
        const ben = await join('ben')
        expect(await refusal('cara')).toEqual(['ConnectionError', 'server-full', 'the server is full'])
        kick(server, ben.connection, 'be nice')
        expect(await ended(ben)).toEqual({ code: 'kicked', text: 'be nice', by: 'remote' })
        const [, code, message] = (await refusal('ben', defineProtocol({}))) as string[]
        expect([code, message!.slice(0, 21)]).toEqual(['protocol-mismatch', 'the protocols differ:'])

        ban(server, ann.connection, { text: 'cheating' })
        expect(await ended(ann)).toEqual({ code: 'banned', text: 'cheating', by: 'remote' })
        expect(await refusal('ann')).toEqual(['ConnectionError', 'banned', 'cheating'])
        const dan = await join('dan')
        ban(server, dan.connection, { by: 'address', seconds: 3600, text: 'nobody from there: ÿ 猫' })
        expect(await ended(dan)).toMatchObject({ code: 'banned' })
        expect(await refusal('eve')).toEqual(['ConnectionError', 'banned', 'nobody from there: ÿ 猫'])
        expect(bans(server)).toEqual([
          { user: 'ann', text: 'cheating' },
          { address: '127.0.0.1', until: expect.any(Number) as number, text: 'nobody from there: ÿ 猫' },
        ])
        expect([unban(server, { user: 'ann' }), unban(server, { address: '127.0.0.1' })]).toEqual([true, true])

        const back = await join('ann')
        expect(seen).toEqual([
          'kicked local: be nice',
          'banned local: cheating',
          expect.stringMatching(/^banned local/),
        ])
        void retire(server, { grace: 60_000, text: 'a new version comes' })
        expect(await refusal('eve')).toEqual(['ConnectionError', 'draining', 'a new version comes'])
        const closing = close(server, 'see you')
        expect(await ended(back)).toEqual({ code: 'server-stopped', text: 'see you', by: 'remote' })
        await closing
      } finally {
        await peers.close()
      }
    })
  })
}
