// A seeded model test of relations: random pairs, spawns and ends against clients on a bad network, of which some come
// and go. After quiet, every client has exactly the pairs of the server between the entities that it sees.
import { addComponent, commitRemovals, entityExists, hasComponent, query, removeComponent, removeEntity } from 'bitecs'
import { type ClientWorld, despawn, type ServerWorld, setReady } from 'bitecs-net'
import { hideFrom, observersOf, resetVisibility, showTo } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { add, ChildOf, copyOf, family, Likes, Name, targets, Watches } from '../support/family.js'
import { generator, type Random, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(240, 60)
const TICKS = 60
const RELATIONS = [ChildOf, Watches, Likes]

/** One random thing of a server's tick. */
function act(net: TestNetwork, living: Set<number>, random: Random): void {
  const { server } = net
  const eids = [...living]
  // bitECS throws in removeEntity where a removal is still to be carried out and the id is another world's by now.
  commitRemovals(server)
  const one = eids[random(eids.length)] ?? 0
  const other = eids[random(eids.length)] ?? 0
  const what = random(19)
  const { connection } = net.clients[random(net.clients.length)]!
  if (what <= 3 || one === 0) living.add(add(server, 1 + random(60_000), random(4) > 0))
  else if (what === 4) despawn(server, one)
  else if (what === 5) removeEntity(server, one)
  else if (what === 6) removeComponent(server, one, Networked)
  else if (what === 7) addComponent(server, one, Networked)
  else if (what === 8) {
    removeComponent(server, one, Networked)
    addComponent(server, one, Networked)
  } else if (what === 9) setReady(net.clients[random(net.clients.length)]!.world, random(3) > 0)
  else if (what <= 12) {
    if (!hasComponent(server, one, Networked) || connection === 0) return
    const change = [hideFrom, showTo, resetVisibility][random(3)]!
    change(server, one, random(6) === 0 ? 'all' : connection)
  } else {
    const pair = RELATIONS[random(RELATIONS.length)]!(other)
    if (random(3) === 0) removeComponent(server, one, pair)
    // Of several pairs of the same two bitECS forgets some when one goes.
    else if (!relates(server, one, other) && !relates(server, other, one)) addComponent(server, one, pair)
  }
  for (const eid of living) if (!entityExists(server, eid)) living.delete(eid)
}

function relates(world: ServerWorld, one: number, other: number): boolean {
  return RELATIONS.some((relation) => hasComponent(world, one, relation(other)))
}

/** The pairs of each entity that a connection sees with others that it sees, by name. */
function pairsOnServer(
  { server }: TestNetwork,
  living: ReadonlySet<number>,
  connection: number,
): Map<number, number[][]> {
  const networked = [...living].filter((eid) => hasComponent(server, eid, Networked))
  const shown = networked.filter((eid) => [...observersOf(server, eid)].includes(connection))
  const names = new Set(shown.map((eid) => Name.id[eid]!))
  const seen = (eid: number, relation: (typeof RELATIONS)[number]): number[] =>
    targets(server, eid, relation).filter((id) => names.has(id))
  return new Map(shown.map((eid) => [eid, RELATIONS.map((relation) => seen(eid, relation))]))
}

/** The same as a client has it. */
function pairsOnClient({ server }: TestNetwork, world: ClientWorld, eids: Iterable<number>): Map<number, number[][]> {
  const copies = [...eids].map((eid) => [eid, copyOf(world, server, eid)] as const)
  return new Map(copies.map(([eid, copy]) => [eid, RELATIONS.map((relation) => targets(world, copy, relation))]))
}

it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i: clients have the pairs of what they see', (seed) => {
  const random = generator(seed)
  const conditions = { latency: 20, jitter: 60, loss: 0.2, reorder: 0.2, reorderBy: 80, duplicate: 0.1 }
  const net = createTestNetwork(family, { clients: 3, seed, conditions })
  const living = new Set<number>()
  for (let tick = 0; tick < TICKS; tick++) {
    for (let i = random(6); i >= 0; i--) act(net, living, random)
    net.tick()
  }
  for (const { world } of net.clients) setReady(world, true)
  net.tick(60)
  for (const { world, connection } of net.clients) {
    const pairs = pairsOnServer(net, living, connection)
    expect(pairsOnClient(net, world, pairs.keys())).toEqual(pairs)
    expect(query(world, [Networked])).toHaveLength(pairs.size)
    expect(stats(world).counters).toMatchObject({ ignoredPairs: 0, handlerErrors: 0, malformedPackets: 0 })
  }
})
