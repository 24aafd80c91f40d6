// Golden vectors of collections: the library writes a scripted run byte for byte, a client applies it, and a reader
// written from docs/protocol.md alone reads it.
import { readFileSync } from 'node:fs'
import { addComponent, addEntity } from 'bitecs'
import { defineProtocol, entity, entityOf, enumOf, netIdOf, replicate, string, struct, u16, u8 } from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { fnv1a, fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { goldenRun, RecordedRun } from './recorded-run.js'

const Bag = {
  gold: new Uint16Array(100),
  items: [] as SyncList<{ id: number; count: number; from: number }>[],
  ammo: [] as SyncMap<string, number>[],
  perks: [] as SyncSet<string>[],
}
const protocol = defineProtocol({
  components: {
    Bag: replicate(Bag, {
      gold: u16,
      items: listOf(struct({ id: u16, count: u8, from: entity }), 40),
      ammo: mapOf(string(8), u16, 4),
      perks: setOf(enumOf('fast', 'tough,slow'), 2),
    }),
  },
})
const described = parseProtocol(protocol.description)

/** One client, one bag, every kind of operation, and a whole value that replaces too many operations. */
function scriptedRun() {
  const net = createTestNetwork(protocol, { clients: 0, seed: 7 })
  const run = new RecordedRun(net, described)
  const { server } = net
  const { world } = net.connect({ reconnect: 'never' })
  run.record(server, 'server')
  const bag = addEntity(server)
  addComponent(server, bag, Bag)
  const items = Bag.items[bag]!
  const ammo = Bag.ammo[bag]!
  const perks = Bag.perks[bag]!
  Bag.gold[bag] = 300
  items.push({ id: 1, count: 2, from: 0 })
  ammo.set('arrow', 500)
  perks.add('fast')
  addComponent(server, bag, Networked)
  run.tick()
  items.push({ id: 2, count: 1, from: bag })
  items.insert(0, { id: 3, count: 255, from: 0 })
  items.set(1, { id: 1, count: 3, from: bag })
  items.removeAt(2)
  ammo.set('arrow', 499)
  ammo.set('bolt', 1)
  ammo.delete('arrow')
  perks.add('tough,slow')
  perks.delete('fast')
  run.tick()
  items.clear()
  perks.clear()
  ammo.clear()
  run.tick()
  for (let i = 0; i < 200; i++) perks[i % 2 === 0 ? 'add' : 'delete']('fast')
  perks.add('tough,slow')
  run.tick()
  net.tick()
  const copy = entityOf(world, netIdOf(server, bag))
  return { run, shown: [[...Bag.items[copy]!], [...Bag.ammo[copy]!], [...Bag.perks[copy]!]] }
}

const golden = () => goldenRun('collection-vectors.json')

describe('the library', () => {
  it('writes the golden rows and operations byte for byte, and a client applies them', async () => {
    const { run, shown } = scriptedRun()
    // After an intended change, run this file with `-u`.
    await expect(run.text()).toMatchFileSnapshot('collection-vectors.json')
    expect(shown).toEqual([[], [], ['tough,slow']])
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('computes the same hash of the description', () => {
    expect(protocol.description).toContain(
      'component Bag {ammo:map(string(8),u16,4),gold:u16,items:list(struct{count:u8,from:entity,id:u16},40),perks:set(enum("fast","tough,slow"),2)}',
    )
    expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  })

  it('reads every packet of the run completely, and gets the actions of the script', () => {
    const said = golden().flatMap(({ hex }) => readPacket(fromHex(hex), described).slice(1))
    expect(said).toEqual([
      'spawn 1.0 Bag(gold=300 ammo=[arrow:500] items=[{count=2 from=none id=1}] perks=[fast])',
      'collection 1 Bag.items: add {count=1 from=1.0 id=2}, insert 0 {count=255 from=none id=3}, set 1 {count=3 from=1.0 id=1}, remove 2',
      'collection 1 Bag.ammo: set arrow 499, set bolt 1, remove arrow',
      'collection 1 Bag.perks: add tough,slow, remove fast',
      'collection 1 Bag.items: clear',
      'collection 1 Bag.perks: clear',
      'collection 1 Bag.ammo: clear',
      'collection 1 Bag.perks: reset [tough,slow]',
    ])
  })

  it('finds the vectors that the page quotes', () => {
    const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
    const quoted = [...page.matchAll(/\| `([0-9a-f ]+)` \| (server, reliable: .*(?:Bag\(|collection 1).*) \|/g)]
    expect(quoted.length).toBeGreaterThan(1)
    for (const [, hex, says] of quoted) {
      const vector = golden().find((one) => one.hex === hex!.replaceAll(' ', ''))
      expect(`server, reliable: ${vector?.says}`).toBe(says)
    }
  })
})
