// bitECS' serialization of whole worlds, as a snapshot, and of what begins and ends in one, as its observers see it.
import { createWorld, type World } from 'bitecs'
import {
  createObserverDeserializer,
  createObserverSerializer,
  createSnapshotDeserializer,
  createSnapshotSerializer,
} from 'bitecs/serialization'
import type { Stores } from '../workload.js'

const componentsOf = ({ position, rotation, velocity, health }: Stores) => [position, rotation, velocity, health]

/** Room for what each entity takes, and a bit. By default it takes 100 MiB, and most of its time to do so. */
const BYTES_PER_ENTITY = 96

export class BitecsSnapshot {
  private readonly serialize: (eids?: readonly number[]) => ArrayBuffer
  /** The last snapshot. */
  packet = new ArrayBuffer(0)

  constructor(world: World, stores: Stores, entities: number) {
    const buffer = new ArrayBuffer(entities * BYTES_PER_ENTITY + 1024)
    this.serialize = createSnapshotSerializer(world, componentsOf(stores), buffer)
  }

  /** Returns the number of bytes. */
  encode(): number {
    this.packet = this.serialize()
    return this.packet.byteLength
  }

  /** Makes what the last snapshot holds in a new world. Returns the number of entities. */
  decode(target: Stores): number {
    return createSnapshotDeserializer(createWorld(), componentsOf(target))(this.packet).size
  }
}

/** Entities that begin and end, and what components they have; their values are another serializer's. */
export class BitecsObserver {
  private readonly serialize: () => ArrayBuffer
  private readonly deserialize: (packet: ArrayBuffer, ids: Map<number, number>) => Map<number, number>
  private readonly ids = new Map<number, number>()
  private packet = new ArrayBuffer(0)

  constructor(
    world: World,
    tag: object,
    stores: Stores,
    readonly receiver: World,
    target: Stores,
    entities: number,
  ) {
    const buffer = new ArrayBuffer(entities * BYTES_PER_ENTITY + 1024)
    this.serialize = createObserverSerializer(world, tag, componentsOf(stores), { buffer })
    this.deserialize = createObserverDeserializer(receiver, tag, componentsOf(target))
  }

  /** Returns the number of bytes. */
  encode(): number {
    this.packet = this.serialize()
    return this.packet.byteLength
  }

  /** Returns the number of entities that the receiver knows. */
  decode(): number {
    this.deserialize(this.packet, this.ids)
    return this.ids.size
  }
}
