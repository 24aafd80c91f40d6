// Golden vectors of relations: the library writes a scripted run byte for byte, and a reader written from
// docs/protocol.md alone reads it.
import { addComponent, addEntity, createRelation, getRelationTargets, removeComponent } from 'bitecs'
import { defineProtocol, despawn, entityOf, netIdOf } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { fnv1a, fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { goldenRun, RecordedRun } from './recorded-run.js'

const ChildOf = createRelation({ exclusive: true })
const Likes = createRelation()
const protocol = defineProtocol({ relations: { Likes, ChildOf } })
const described = parseProtocol(protocol.description)

/** One client and three entities with pairs: one pair moves, one is removed, one target is hidden and shown again. */
function scriptedRun() {
  const net = createTestNetwork(protocol, { seed: 9 })
  const run = new RecordedRun(net, described)
  const { server } = net
  const { world } = net.clients[0]!
  run.record(server, 'server')
  const [child, parent, other] = [addEntity(server), addEntity(server), addEntity(server)]
  for (const eid of [child, parent, other]) addComponent(server, eid, Networked)
  addComponent(server, child, ChildOf(parent))
  addComponent(server, parent, Likes(other))
  addComponent(server, parent, Likes(parent))
  run.tick()
  addComponent(server, child, ChildOf(other))
  removeComponent(server, parent, Likes(parent))
  run.tick()
  removeComponent(server, other, Networked)
  run.tick()
  addComponent(server, other, Networked)
  run.tick()
  despawn(server, other)
  run.tick(2)
  const copy = entityOf(world, netIdOf(server, child))
  return { run, shown: getRelationTargets(world, copy, ChildOf) }
}

const golden = () => goldenRun('relation-vectors.json')

describe('the library', () => {
  it('writes the golden relations byte for byte, and a client applies them', async () => {
    const { run, shown } = scriptedRun()
    // After an intended change, run this file with `-u`.
    await expect(run.text()).toMatchFileSnapshot('relation-vectors.json')
    expect(shown).toEqual([])
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('computes the same hash of the description', () => {
    expect(protocol.description).toBe('wire 1\nrelation ChildOf exclusive\nrelation Likes many')
    expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  })

  it('reads every packet of the run completely, and gets the actions of the script', () => {
    const said = golden().map(({ hex }) => readPacket(fromHex(hex), described).slice(1).join('; '))
    expect(said.filter((text) => text !== '')).toEqual([
      'spawn 3.0; spawn 2.0; spawn 1.0; pair 2 Likes 3; pair 2 Likes 2; pair 1 ChildOf 2',
      'no pair 1 ChildOf 2; pair 1 ChildOf 3; no pair 2 Likes 2',
      'despawn 3 destroyed',
      'spawn 4.0; pair 1 ChildOf 4; pair 2 Likes 4',
      'despawn 4 destroyed',
    ])
  })
})
