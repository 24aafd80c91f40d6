// Attacks every decoder: none may throw, read past its end, or fail silently.
import { createWorld } from 'bitecs'
import { createCounters } from '../../../src/connection/counters.js'
import { ByteReader } from '../../../src/protocol/bytes.js'
import { ComponentSets, readMembers } from '../../../src/protocol/component-sets.js'
import { readNetId } from '../../../src/protocol/net-id.js'
import { DataHeader, readClose, readHello, readWelcome } from '../../../src/protocol/packet.js'
import { protocolDifferences } from '../../../src/protocol/protocol.js'
import { Acknowledgement } from '../../../src/protocol/sequence.js'
import { CallOrder } from '../../../src/remote/call-order.js'
import { CallQueue } from '../../../src/remote/call-queue.js'
import { CallSection } from '../../../src/remote/inbound-calls.js'
import { PartSection } from '../../../src/remote/message-parts.js'
import { SceneReportSection, SceneSection } from '../../../src/remote/scene-section.js'
import { MAX_BLOCK_ENTITIES } from '../../../src/replication/wire/block-slots.js'
import { ClientEntities } from '../../../src/replication/client/client-entities.js'
import { ClientComponent } from '../../../src/replication/client/client-columns.js'
import { ClientCollections } from '../../../src/replication/collections/client-collections.js'
import { Channel } from '../../../src/transport/transport.js'
import { watchMemory } from '../engine/memory.js'
import { mutate } from '../engine/mutate.js'
import { Escape, type Step } from '../engine/steps.js'
import { protocol } from '../game.js'
import { oneOf, pick, type Random, randomBytes } from '../generate.js'
import { recorded } from './hostile-voice.js'
import type { Target, TargetRun } from './target.js'

/** Decodes the bytes of the reader; `choice` is for decoders that need a count. */
export type Decode = (reader: ByteReader, choice: number) => void

const NO_ENTITIES = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId & 0xffff }
const header = new DataHeader()
const section = new CallSection()
const part = new PartSection()
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

/** Every decoder of the wire, by what it reads. */
export const decoders: readonly (readonly [name: string, decode: Decode])[] = [
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
  ['part of a message', (reader) => part.read(reader)],
  ['row of collections', (reader) => collections.checkRow(reader, withCollections)],
  ['section of operations', (reader) => collections.check(reader)],
  ['scene section', (reader) => new SceneSection().read(reader)],
  ['report of a scene', (reader) => new SceneReportSection().read(reader)],
  // A tag has nothing to decode.
  ...components
    .filter(({ columns }) => columns.length > 0)
    .map((component): readonly [string, Decode] => [
      `columns and rows of ${component.name}`,
      (reader, choice) => {
        component.checkColumns(reader, 1 + (choice % MAX_BLOCK_ENTITIES))
        component.checkRow(reader)
      },
    ]),
]

/** Runs one decoder; returns whether it reported a failure. @throws Escape when it read past its end. */
export function decodeWith(
  [name, decode]: (typeof decoders)[number],
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): boolean {
  const reader = new ByteReader()
  reader.entities = NO_ENTITIES
  reader.reset(bytes, start, end)
  decode(reader, bytes.length * 7919)
  const isOutside = reader.offset < start || reader.offset > end
  if (isOutside || (reader.failed && reader.left !== 0)) throw new Escape(`the decoder of a ${name} read past the end`)
  return reader.failed
}

/** A queue of each definition, which must accept only valid calls. */
export function makeQueues(): CallQueue[] {
  return protocol.definitions.map(
    (definition, id) =>
      new CallQueue(definition, protocol.definitionNames[id]!, {
        entities: NO_ENTITIES,
        listener: {
          undrained: () => undefined,
          overShare: () => undefined,
          stale: () => undefined,
          isCancelled: () => false,
          unanswered: () => undefined,
        },
        order: new CallOrder(),
      }),
  )
}

/** Offers bytes to a queue; returns whether it accepted them. @throws when it accepted an invalid call. */
export function offer(queue: CallQueue, id: number, bytes: Uint8Array, end: number): boolean {
  if (!queue.push(bytes, 0, end, 0, 1, 1, 0)) return false
  for (const { args } of queue) protocol.definitions[id]!.codec.check(args)
  if (queue.waiting > 0) throw new Escape('a call waits behind its drain')
  return true
}

/** Input for a decoder: a mutated piece of a real packet, or random bytes. */
export function decoderInput(random: Random): Uint8Array {
  if (random() < 0.4) return randomBytes(random, 200)
  const { client, server } = recorded()
  const { pieces } = oneOf(random, random() < 0.5 ? client : server)
  const from = pick(random, pieces.length)
  return mutate(random, pieces.slice(from, from + 1 + pick(random, 40)), oneOf(random, server).pieces).subarray(0, 2000)
}

class DecoderRun implements TargetRun {
  private readonly queues = makeQueues()

  /** Gives each packet to every decoder. */
  apply(step: Step): void {
    if (step.kind !== 'packet') return
    const { bytes } = step
    for (const decoder of decoders) decodeWith(decoder, bytes)
    for (const [id, queue] of this.queues.entries()) {
      offer(queue, id, bytes, Math.min(bytes.length, protocol.definitions[id]!.codec.maxBytes))
    }
    if (bytes.length < 300) protocolDifferences(protocol.description, Buffer.from(bytes).toString('latin1'))
  }

  finish(): void {
    // A decoder keeps no state.
  }
}

export const decoderTarget: Target = {
  name: 'decoders',
  inputs: 2500,
  begin: () => new DecoderRun(),
  throwAt(run, random, inputs, note) {
    watchMemory('a batch of inputs to decoders', () => {
      for (let i = 0; i < inputs; i++) {
        const step: Step = { kind: 'packet', line: 0, channel: Channel.Reliable, bytes: decoderInput(random) }
        note(step)
        run.apply(step)
      }
    })
  },
}
