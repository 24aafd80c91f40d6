// Behaviours of requests and their answers that hold over every network.
import { addComponent, addEntity } from 'bitecs'
import {
  type CallIdOf,
  clearOwner,
  close,
  defineCommand,
  defineProtocol,
  defineTargetRpc,
  despawn,
  drain,
  entity as entityType,
  entityOf,
  netIdOf,
  NetworkErrors,
  type ServerWorld,
  setOwner,
  string,
  u16,
  u32,
  u8,
} from 'bitecs-net'
import {
  isWaiting,
  refusalOf,
  refuse,
  reply,
  request,
  RequestAbortedError,
  RequestDespawnedError,
  RequestDisconnectedError,
  RequestLostAuthorityError,
  RequestRefusedError,
  RequestTimedOutError,
} from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import type { MakePeers, Peers } from './peers.js'

export const Buy = defineCommand(
  { item: u16 },
  { returns: { left: u32, note: string(40), gift: entityType }, refuses: ['too-poor', 'sold-out'] },
)
/** Anyone may look, and any text is a reason. */
export const Look = defineCommand({ at: u8 }, { returns: { seen: string(100) }, requiresAuthority: false })
export const Often = defineCommand({}, { returns: {}, rate: { perSecond: 1, burst: 2 } })
export const Plain = defineCommand({ n: u8 })
export const Ask = defineTargetRpc({ question: string(40) }, { returns: { answer: u8 }, refuses: ['busy'] })

export const shop = defineProtocol({ remote: { Buy, Look, Often, Plain, Ask } })

export function spawn(world: ServerWorld): number {
  const eid = addEntity(world)
  addComponent(world, eid, Networked)
  return eid
}

/** What a promise came to. */
export interface Outcome<T> {
  value?: T
  error?: unknown
}

/** Watches a promise, so that a rejection is nobody's surprise. */
export function watch<T>(promise: Promise<T>): Outcome<T> & { settled: boolean } {
  const outcome: Outcome<T> & { settled: boolean } = { settled: false }
  promise.then(
    (value) => Object.assign(outcome, { value, settled: true }),
    (error: unknown) => Object.assign(outcome, { error, settled: true }),
  )
  return outcome
}

/** Ticks until a promise has settled. */
async function outcomeOf<T>(peers: Peers, promise: Promise<T>): Promise<Outcome<T>> {
  const outcome = watch(promise)
  for (let i = 0; i < 600 && !outcome.settled; i++) await peers.settle(1)
  expect(outcome.settled).toBe(true)
  return outcome
}

/** A shop of the first client, and every client's copy of it. */
async function ownedShop(peers: Peers): Promise<{ stall: number; copies: number[] }> {
  const stall = spawn(peers.server)
  setOwner(peers.server, stall, peers.clients[0]!.connection)
  const copies = (): number[] => peers.clients.map(({ world }) => entityOf(world, netIdOf(peers.server, stall)))
  await peers.until('every client has the shop', () => copies().every((copy) => copy !== 0))
  return { stall, copies: copies() }
}

/** The ids of the calls that arrive, once there are `count`. */
async function buyers(peers: Peers, count = 1) {
  const calls: { id: CallIdOf<typeof Buy>; item: number }[] = []
  await peers.until('the requests arrived', () => {
    for (const { id, args } of drain(peers.server, Buy)) calls.push({ id, item: args.item })
    return calls.length >= count
  })
  return calls
}

export function requestBehaviours(network: string, make: MakePeers): void {
  const withPeers = async (count: number, test: (peers: Peers) => Promise<void>): Promise<void> => {
    const peers = await make(shop, count)
    try {
      await test(peers)
    } finally {
      await peers.close()
    }
  }

  describe(`requests over ${network}`, () => {
    describe("12: a request resolves with the server's typed return value; it rejects, each with its own error class; late answers are ignored; a server may request from a client too", () => {
      it("resolves with the server's typed return value, at once or ticks later, each with its own", () =>
        withPeers(1, async (peers) => {
          const { stall, copies } = await ownedShop(peers)
          const { world } = peers.clients[0]!
          const first = request(world, copies[0]!, Buy, { item: 7 })
          const second = request(world, copies[0]!, Buy, { item: 8 })
          const calls: CallIdOf<typeof Buy>[] = []
          let waited = false
          await peers.until('both arrived', () => {
            for (const { entity, sender, id, args } of drain(peers.server, Buy)) {
              expect([entity, sender]).toEqual([stall, peers.clients[0]!.connection])
              calls.push(id)
              // The second is answered at once, the first ticks later.
              if (args.item === 8) waited = reply(peers.server, id, { left: 80, note: 'eight', gift: 0 })
            }
            return calls.length === 2
          })
          expect(waited).toBe(true)
          expect(await outcomeOf(peers, second)).toMatchObject({ value: { left: 80, note: 'eight', gift: 0 } })
          const id = calls[0]!
          expect(isWaiting(peers.server, id)).toBe(true)
          reply(peers.server, id, { left: 4_000_000_000, note: 'grün', gift: stall })
          const { value } = await outcomeOf(peers, first)
          expect(value).toEqual({ left: 4_000_000_000, note: 'grün', gift: copies[0] })
          expect(isWaiting(peers.server, id)).toBe(false)
        }))

      it('rejects on refusal, with a typed reason of the list, or with any text where there is no list', () =>
        withPeers(1, async (peers) => {
          const { copies } = await ownedShop(peers)
          const { world } = peers.clients[0]!
          const buying = request(world, copies[0]!, Buy, { item: 1 })
          const looking = request(world, copies[0]!, Look, { at: 3 })
          let refused = 0
          await peers.until('both are refused', () => {
            for (const { id } of drain(peers.server, Buy)) if (refuse(peers.server, id, 'sold-out')) refused++
            for (const { id } of drain(peers.server, Look))
              if (refuse(peers.server, id, 'zu dunkel – später')) refused++
            return refused === 2
          })
          const { error } = await outcomeOf(peers, buying)
          expect(error).toBeInstanceOf(RequestRefusedError)
          expect(error).toMatchObject({ code: 'refused', request: 'Buy', reason: 'sold-out' })
          expect(refusalOf(error, Buy)).toBe('sold-out')
          expect(refusalOf(error, Look)).toBeUndefined()
          expect(refusalOf((await outcomeOf(peers, looking)).error, Look)).toBe('zu dunkel – später')
        }))

      it('rejects on time-out; the server gets a cancellation, and its late answer is ignored', () =>
        withPeers(1, async (peers) => {
          const { copies } = await ownedShop(peers)
          const { world } = peers.clients[0]!
          const promise = request(world, copies[0]!, Buy, { item: 1 }, { timeout: 400 })
          const [call] = await buyers(peers)
          const { error } = await outcomeOf(peers, promise)
          expect(error).toBeInstanceOf(RequestTimedOutError)
          expect(error).toMatchObject({ code: 'timed-out', message: 'Buy: no answer within 400 ms' })
          await peers.until('the server knows', () => !isWaiting(peers.server, call!.id))
          expect(reply(peers.server, call!.id, { left: 1, note: '', gift: 0 })).toBe(false)
          await peers.settle()
          expect([...drain(world, NetworkErrors)]).toEqual([])
        }))

      it('rejects when its signal is aborted, with the reason of the signal as the cause', () =>
        withPeers(1, async (peers) => {
          const { copies } = await ownedShop(peers)
          const controller = new AbortController()
          const promise = request(peers.clients[0]!.world, copies[0]!, Buy, { item: 1 }, { signal: controller.signal })
          const [call] = await buyers(peers)
          controller.abort('the player walked away')
          const { error } = await outcomeOf(peers, promise)
          expect(error).toBeInstanceOf(RequestAbortedError)
          expect(error).toMatchObject({ code: 'aborted', cause: 'the player walked away' })
          await peers.until('the server knows', () => !isWaiting(peers.server, call!.id))
        }))

      it('rejects when the connection ends on either side, and each side gets the reason', () =>
        withPeers(2, async (peers) => {
          const { copies } = await ownedShop(peers)
          const [a, b] = peers.clients as [Peers['clients'][0], Peers['clients'][0]]
          const ofLeaver = watch(request(b.world, copies[1]!, Look, { at: 1 }))
          await close(b.world, 'good night')
          const ofServer = request(peers.server, entityOf(peers.server, netIdOf(a.world, copies[0]!)), Ask, {
            question: '?',
          })
          const ofStayer = request(a.world, copies[0]!, Buy, { item: 1 })
          await buyers(peers)
          await close(peers.server, 'the end')
          for (const { error } of [ofLeaver, await outcomeOf(peers, ofStayer), await outcomeOf(peers, ofServer)]) {
            expect(error).toBeInstanceOf(RequestDisconnectedError)
            expect(error).toMatchObject({ code: 'disconnected' })
          }
          expect(String(ofLeaver.error)).toContain('good night')
          expect(String((await outcomeOf(peers, ofStayer)).error)).toContain('the end')
        }))

      it('rejects when the entity is despawned before an answer comes', () =>
        withPeers(1, async (peers) => {
          const { stall, copies } = await ownedShop(peers)
          const promise = request(peers.clients[0]!.world, copies[0]!, Buy, { item: 1 })
          const [call] = await buyers(peers)
          despawn(peers.server, stall)
          const { error } = await outcomeOf(peers, promise)
          expect(error).toBeInstanceOf(RequestDespawnedError)
          await peers.until('the server knows', () => !isWaiting(peers.server, call!.id))
          expect(reply(peers.server, call!.id, { left: 1, note: '', gift: 0 })).toBe(false)
        }))

      it('rejects when authority is lost before an answer comes', () =>
        withPeers(1, async (peers) => {
          const { stall, copies } = await ownedShop(peers)
          const promise = request(peers.clients[0]!.world, copies[0]!, Buy, { item: 1 })
          await buyers(peers)
          clearOwner(peers.server, stall)
          const { error } = await outcomeOf(peers, promise)
          expect(error).toBeInstanceOf(RequestLostAuthorityError)
          expect(error).toMatchObject({ code: 'lost-authority', request: 'Buy' })
        }))

      it('a server requests from a client too: of the owner, or of whom it says', () =>
        withPeers(2, async (peers) => {
          const { stall, copies } = await ownedShop(peers)
          const asked: unknown[] = []
          const ofOwner = request(peers.server, stall, Ask, { question: 'ready?' })
          const ofOther = request(peers.server, stall, Ask, { question: 'you?' }, { to: peers.clients[1]!.connection })
          await peers.until('both were asked', () => {
            peers.clients.forEach(({ world }, i) => {
              for (const { id, entity, args } of drain(world, Ask)) {
                asked.push([i, entity, args.question])
                if (i === 0) reply(world, id, { answer: 42 })
                else refuse(world, id, 'busy')
              }
            })
            return asked.length === 2
          })
          expect(asked).toContainEqual([0, copies[0], 'ready?'])
          expect(asked).toContainEqual([1, copies[1], 'you?'])
          expect((await outcomeOf(peers, ofOwner)).value).toEqual({ answer: 42 })
          expect(refusalOf((await outcomeOf(peers, ofOther)).error, Ask)).toBe('busy')
          expect(stats(peers.server).counters.malformedPackets).toBe(0)
        }))
    })
  })
}
