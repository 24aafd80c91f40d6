// bitECS' own serialization: structs of arrays, with the changed entities given, or with every entity compared.
import { createSoADeserializer, createSoASerializer } from 'bitecs/serialization'
import { versionOf } from '../versions.js'
import type { Stores } from '../workload.js'

export const BITECS = `bitecs ${versionOf('bitecs')}`

/** Two serializers, as a game would have that knows which entities moved and which were hurt. */
export class BitecsDirtyList {
  private readonly poses: (eids: readonly number[]) => ArrayBuffer
  private readonly healths: (eids: readonly number[]) => ArrayBuffer
  /** The packets of the last tick. */
  posePacket = new ArrayBuffer(0)
  healthPacket = new ArrayBuffer(0)

  constructor(stores: Stores, entities: number) {
    // Sized to what is needed; by default each serializer takes 100 MiB.
    this.poses = createSoASerializer([stores.position, stores.rotation], {
      buffer: new ArrayBuffer(entities * 36 + 64),
    })
    this.healths = createSoASerializer([stores.health], { buffer: new ArrayBuffer(entities * 6 + 64) })
  }

  /** Returns the number of bytes. */
  encode(moved: readonly number[], hurt: readonly number[]): number {
    this.posePacket = this.poses(moved)
    this.healthPacket = this.healths(hurt)
    return this.posePacket.byteLength + this.healthPacket.byteLength
  }
}

/** Reads what {@link BitecsDirtyList} wrote into other stores. */
export class BitecsDecoder {
  private readonly poses: (packet: ArrayBuffer, ids?: Map<number, number>) => void
  private readonly healths: (packet: ArrayBuffer, ids?: Map<number, number>) => void

  constructor(stores: Stores) {
    this.poses = createSoADeserializer([stores.position, stores.rotation])
    this.healths = createSoADeserializer([stores.health])
  }

  /** `ids` leads from the sender's entity to the receiver's. Returns the number of bytes read. */
  decode(posePacket: ArrayBuffer, healthPacket: ArrayBuffer, ids: Map<number, number>): number {
    this.poses(posePacket, ids)
    this.healths(healthPacket, ids)
    return posePacket.byteLength + healthPacket.byteLength
  }
}

/** One serializer that compares every entity with a copy of its own. */
export class BitecsDiff {
  private readonly serialize: (eids: readonly number[]) => ArrayBuffer
  private readonly eids: readonly number[]
  packet = new ArrayBuffer(0)

  constructor(stores: Stores, eids: Uint32Array) {
    const components = [stores.position, stores.rotation, stores.velocity, stores.health]
    this.serialize = createSoASerializer(components, { diff: true, buffer: new ArrayBuffer(eids.length * 96 + 64) })
    this.eids = [...eids]
    this.encode()
  }

  /** Returns the number of bytes. */
  encode(): number {
    this.packet = this.serialize(this.eids)
    return this.packet.byteLength
  }
}
