// Every decoder by itself under ten thousand inputs: none throws, none reads past its end, none fails without saying so.
import { createWorld } from 'bitecs'
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../src/connection/counters.js'
import { ByteReader } from '../../src/protocol/bytes.js'
import { ComponentSets, readMembers } from '../../src/protocol/component-sets.js'
import { readNetId } from '../../src/protocol/net-id.js'
import { DataHeader, readClose, readHello, readWelcome } from '../../src/protocol/packet.js'
import { protocolDifferences } from '../../src/protocol/protocol.js'
import { Acknowledgement } from '../../src/protocol/sequence.js'
import { CallQueue } from '../../src/remote/call-queue.js'
import { CallSection } from '../../src/remote/inbound-calls.js'
import { ClientEntities } from '../../src/replication/client-entities.js'
import { ClientCollections } from '../../src/replication/collections/client-collections.js'
import { MAX_BLOCK_ENTITIES } from '../../src/replication/block-slots.js'
import { ClientComponent } from '../../src/replication/client-columns.js'
import { SceneReportSection, SceneSection } from '../../src/remote/scene-section.js'
import { createRandom } from '../../src/transport/random.js'
import { protocol } from './game.js'
import { pick, randomBytes } from './generate.js'

const RUNS = 10_000
const SEED = 31
const NO_ENTITIES = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId & 0xffff }
const header = new DataHeader()
const section = new CallSection()
const acknowledgement = new Acknowledgement()
const sets = new ComponentSets(protocol.componentList.length)
const components = protocol.componentList.map(
  (component, id) => new ClientComponent(id, protocol.componentNames[id]!, component, NO_ENTITIES),
)

const collections = new ClientCollections(
  createWorld(),
  protocol,
  new ClientEntities(protocol.componentList.length),
  createCounters(),
)
const withCollections = protocol.componentList.findIndex((component) => component.collections.length > 0)

const decoders: [string, (reader: ByteReader, random: () => number) => void][] = [
  ['hello', (reader) => void readHello(reader)],
  ['welcome', (reader) => void readWelcome(reader)],
  ['close', (reader) => void readClose(reader)],
  ['data header', (reader) => header.read(reader)],
  ['acknowledgement', (reader) => acknowledgement.read(reader)],
  ['net id', (reader) => void readNetId(reader)],
  ['component set', (reader) => void readMembers(reader, sets.componentCount, new Uint16Array(sets.componentCount))],
  ['call section', (reader) => section.read(reader, true)],
  ['message section', (reader) => section.read(reader, false)],
  ['request section', (reader) => section.readRequest(reader)],
  ['reply section', (reader) => section.readReply(reader)],
  ['cancel section', (reader) => section.readCancel(reader)],
  ['row of collections', (reader) => collections.checkRow(reader, withCollections)],
  ['section of operations', (reader) => collections.check(reader)],
  ['scene section', (reader) => new SceneSection().read(reader)],
  ['report of a scene', (reader) => new SceneReportSection().read(reader)],
  // A tag has nothing to decode.
  ...components
    .filter(({ columns }) => columns.length > 0)
    .map((component): [string, (reader: ByteReader, random: () => number) => void] => [
      `columns and rows of ${component.name}`,
      (reader, random) => {
        component.checkColumns(reader, 1 + pick(random, MAX_BLOCK_ENTITIES))
        component.checkRow(reader)
      },
    ]),
]

describe.each(decoders)(`the decoder of a %s, seed ${SEED}`, (_, decode) => {
  it(`survives ${RUNS} inputs`, () => {
    const random = createRandom(SEED)
    const reader = new ByteReader()
    reader.entities = NO_ENTITIES
    let failed = 0
    let outside = 0
    for (let run = 0; run < RUNS; run++) {
      const bytes = randomBytes(random, 200)
      const start = pick(random, bytes.length + 1)
      const end = start + pick(random, bytes.length - start + 1)
      reader.reset(bytes, start, end)
      decode(reader, random)
      if (reader.offset < start || reader.offset > end || (reader.failed && reader.left !== 0)) outside++
      if (reader.failed) failed++
    }
    expect(outside).toBe(0)
    expect(failed).toBeGreaterThan(0)
  })
})

describe(`call queues, seed ${SEED}`, () => {
  it.each(protocol.definitionNames.map((name, id) => [name, id] as const))(
    '%s gives out only what it validated',
    (name, id) => {
      const random = createRandom(SEED + id)
      const definition = protocol.definitions[id]!
      const queue = new CallQueue(definition, name, NO_ENTITIES, {
        undrained: () => undefined,
        stale: () => undefined,
        isCancelled: () => false,
        unanswered: () => undefined,
      })
      let accepted = 0
      for (let run = 0; run < RUNS; run++) {
        // Small bytes are more often what a field may be.
        const bytes = randomBytes(random, Math.min(40, definition.codec.maxBytes + 4))
        if (run % 2 === 0) for (let i = 0; i < bytes.length; i++) bytes[i]! &= 3
        const end = pick(random, bytes.length + 1)
        if (!queue.push(bytes, 0, end, 0, 1, run, 0)) continue
        accepted++
        for (const { args } of queue) definition.codec.check(args)
      }
      expect(queue.waiting).toBe(0)
      expect(accepted).toBeGreaterThan(0)
    },
  )
})

describe(`differences between protocols, seed ${SEED}`, () => {
  it('can be asked of any text', () => {
    const random = createRandom(SEED)
    const alphabet = 'component message wire 1 {x:u8}\n\n \u0000é'
    for (let run = 0; run < 1000; run++) {
      const text = Array.from({ length: pick(random, 200) }, () => alphabet[pick(random, alphabet.length)]).join('')
      expect(protocolDifferences(protocol.description, text).length).toBeGreaterThan(0)
    }
  })
})
