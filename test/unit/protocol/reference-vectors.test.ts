// Golden vectors of references: the library writes a scripted run byte for byte, and a reader written from
// docs/protocol.md alone reads it.
import { addComponent, addEntity } from 'bitecs'
import { defineClientRpc, defineProtocol, despawn, entity, sendRpc } from 'bitecs-net'
import { hideFrom } from 'bitecs-net/interest'
import { definePrefab, setSpawnKey, usePrefab } from 'bitecs-net/prefabs'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { goldenRun, RecordedRun } from './recorded-run.js'

const Shot = definePrefab({ payload: { by: entity } })
const Spark = defineClientRpc({ at: entity }, { channel: 'unreliable' })
const protocol = defineProtocol({ prefabs: { Shot }, remote: { Spark } })
const described = parseProtocol(protocol.description)

/**
 * One client; a shot that names an entity with a higher slot; two that name each other; an unreliable call on a new
 * one.
 */
function scriptedRun() {
  const net = createTestNetwork(protocol, { seed: 9 })
  const run = new RecordedRun(net, described)
  const { server } = net
  run.record(server, 'server')
  const [shot, by] = [addEntity(server), addEntity(server)]
  usePrefab(server, shot, Shot, { by })
  for (const eid of [shot, by]) addComponent(server, eid, Networked)
  run.tick()
  const [a, b] = [addEntity(server), addEntity(server)]
  usePrefab(server, a, Shot, { by: b })
  usePrefab(server, b, Shot, { by: a })
  setSpawnKey(server, a, 'a')
  for (const eid of [a, b]) addComponent(server, eid, Networked)
  sendRpc(server, b, Spark, { at: a })
  run.tick()
  hideFrom(server, b, 'all')
  despawn(server, shot)
  run.tick(2)
  return run
}

describe('the library', () => {
  it('writes the golden references byte for byte', async () => {
    // After an intended change, run this file with `-u`.
    await expect(scriptedRun().text()).toMatchFileSnapshot('reference-vectors.json')
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('reads every packet of the run completely, and gets the actions of the script', () => {
    const golden = goldenRun('reference-vectors.json')
    const said = golden.map(({ hex }) => readPacket(fromHex(hex), described).slice(1).join('; '))
    expect(said.filter((text) => text !== '')).toEqual([
      'spawn 2.0; spawn 1.0 Shot{by=2.0}',
      'announce 3.0 with the key "a"; spawn 4.0 Shot{by=3.0}; spawn 3.0 Shot{by=4.0} key "a"; call 4.0 Spark(at=3.0)',
      'despawn 1 destroyed; despawn 4 hidden',
    ])
  })
})
