// Behaviours of authentication that hold over every network.
import { hasComponent, observe, onAdd, onRemove, query } from 'bitecs'
import {
  added,
  bytes,
  type ClientWorld,
  connectionOf,
  defineMessage,
  defineProtocol,
  drain,
  removed,
  sendMessage,
  type ServerWorld,
  string,
  u32,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { accept, type AuthenticationRequest, deny, userOf } from 'bitecs-net/users'
import { Authenticating, Connected, Connection } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import type { MakePeers, Peers, Serving } from './peers.js'

/** The server asks with a number, the client answers with a word and the number. */
export const Challenge = defineMessage({ nonce: u32 }, { from: 'server', beforeAuthentication: true })
export const Proof = defineMessage({ word: string(20), nonce: u32 }, { from: 'client', beforeAuthentication: true })
export const Later = defineMessage({ data: bytes(20) })
export const challenging = defineProtocol({ messages: { Challenge, Proof, Later } })

export interface Account {
  name: string
  admin: boolean
}

/** Knows two players by their tokens; takes a while to say so. */
async function knowsTwo({ token, signal }: AuthenticationRequest): Promise<Account> {
  for (let i = 0; i < 3; i++) await Promise.resolve()
  signal.throwIfAborted()
  if (token === 'a') return { name: 'Ann', admin: true }
  if (token === 'b') return { name: 'Ben', admin: false }
  throw deny(`nobody here has the token ${token}`, 'who-are-you')
}

/** What the server's world shows of connections, in order, with the user data that can be read at that moment. */
function record(world: ServerWorld): string[] {
  const log: string[] = []
  const name = (eid: number): string => userOf<Account>(world, eid)?.name ?? '?'
  for (const [tag, component] of Object.entries({ Authenticating, Connected })) {
    observe(world, onAdd(component), (eid: number) => void log.push(`+${tag} ${name(eid)}`))
    observe(world, onRemove(component), (eid: number) => void log.push(`-${tag} ${name(eid)}`))
  }
  return log
}

async function withServer(
  make: MakePeers,
  protocol: typeof challenging | typeof game.arena,
  serving: Serving,
  test: (peers: Peers) => Promise<void>,
): Promise<void> {
  const peers = await make(protocol, 0, serving)
  try {
    await test(peers)
  } finally {
    await peers.close()
  }
}

/** One turn of the challenge, on the server and on a client. */
function challengeTurn(server: ServerWorld, word: string): (client: ClientWorld) => void {
  return (client) => {
    for (const { entity } of drain(server, added(Authenticating))) {
      sendMessage(server, Challenge, { nonce: 1000 + entity }, { to: entity })
    }
    for (const { args } of drain(client, Challenge)) sendMessage(client, Proof, { word, nonce: args.nonce })
    for (const { sender, args } of drain(server, Proof)) {
      if (args.word === 'sesame' && args.nonce === 1000 + sender) accept(server, sender, { name: 'Ali', admin: false })
      else deny(server, sender, 'that is not the word', 'wrong-word')
    }
  }
}

export function authenticationBehaviours(network: string, make: MakePeers): void {
  describe(`authentication over ${network}`, () => {
    describe('25: Connected comes after authentication; a client refused by the authenticator gets the reason, and never appears in the world', () => {
      it('Connected comes after authentication, with user data that is there when it is added', () =>
        withServer(make, game.arena, { users: { authenticate: knowsTwo } }, async (peers) => {
          const log = record(peers.server)
          const ann = await peers.join(undefined, { token: 'a' })
          const ben = await peers.join(undefined, { token: 'b' })
          expect(log).toEqual(['+Connected Ann', '+Connected Ben'])
          expect(userOf(peers.server, ann.connection)).toEqual({ name: 'Ann', admin: true })
          expect(userOf(peers.server, ben.connection)).toEqual({ name: 'Ben', admin: false })
          expect(Connection.user[connectionOf(ann.world)]).toBeUndefined()
        }))

      it('a client that is refused gets the reason, and never appears in the world of the server', () =>
        withServer(make, game.arena, { users: { authenticate: knowsTwo } }, async (peers) => {
          const log = record(peers.server)
          const ghosts: number[] = []
          observe(peers.server, onAdd(Connection), (eid: number) => void ghosts.push(eid))
          let world: ClientWorld | undefined
          const joining = peers.join((made) => (world = made), { token: 'c' })
          await expect(joining).rejects.toMatchObject({
            name: 'ConnectionError',
            code: 'who-are-you',
            message: 'nobody here has the token c',
          })
          await peers.settle()
          expect(Connection.reason[connectionOf(world!)]).toEqual({
            code: 'who-are-you',
            text: 'nobody here has the token c',
            by: 'remote',
          })
          expect([log, ghosts, query(peers.server, [Connection]).length]).toEqual([[], [], 0])
          expect(stats(peers.server).counters.refusedConnections).toBe(1)
          // The next one is none the worse for it.
          await peers.join(undefined, { token: 'a' })
          expect(log).toEqual(['+Connected Ann'])
        }))

      it('a client whose authentication takes longer than the limit is refused, and the authenticator gets an aborted signal', () => {
        let told = false
        const authenticate = ({ signal }: AuthenticationRequest): Promise<undefined> =>
          new Promise(() => signal.addEventListener('abort', () => (told = true)))
        return withServer(make, game.arena, { users: { authenticate, authenticationTimeout: 400 } }, async (peers) => {
          await expect(peers.join()).rejects.toMatchObject({ code: 'authentication-timeout' })
          expect(told).toBe(true)
        })
      })
    })

    it('19: messages marked so are dispatched before authentication, both ways, and decide it', () =>
      withServer(make, challenging, { users: { authenticate: 'by-messages' } }, async (peers) => {
        const log = record(peers.server)
        const { connection } = await peers.join(undefined, { meanwhile: challengeTurn(peers.server, 'sesame') })
        expect(log).toEqual(['+Authenticating ?', '-Authenticating Ali', '+Connected Ali'])
        expect(hasComponent(peers.server, connection, Authenticating)).toBe(false)
        expect(userOf(peers.server, connection)).toEqual({ name: 'Ali', admin: false })
        expect(stats(peers.server).counters.unauthenticatedPackets).toBe(0)
        expect(() => accept(peers.server, connection)).toThrow(/not a connection that is being authenticated/)
      }))

    it('19: a client that fails the challenge is refused with the reason, and was never connected', () =>
      withServer(make, challenging, { users: { authenticate: 'by-messages' } }, async (peers) => {
        const log = record(peers.server)
        const ends: string[] = []
        const turn = challengeTurn(peers.server, 'barley')
        const meanwhile = (client: ClientWorld): void => {
          turn(client)
          for (const { reason } of drain(peers.server, removed(Authenticating))) ends.push(reason)
        }
        await expect(peers.join(undefined, { meanwhile })).rejects.toMatchObject({
          code: 'wrong-word',
          message: 'that is not the word',
        })
        await peers.settle()
        expect(log).toEqual(['+Authenticating ?', '-Authenticating ?'])
        expect(query(peers.server, [Connection]).length).toBe(0)
      }))
  })
}
