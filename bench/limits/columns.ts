// Columns of typed arrays with the changes known: one loop for each field, as a library without knowledge of the game
// could do it at best.
import type { Stores } from '../workload.js'

/** One group of columns that change together, encoded as ids and then column after column. */
interface Group {
  readonly of: (stores: Stores) => readonly (Float32Array | Uint16Array)[]
}

const POSES: Group = {
  of: ({ position, rotation }) => [position.x, position.y, position.z, rotation.x, rotation.y, rotation.z, rotation.w],
}
const HEALTHS: Group = { of: ({ health }) => [health.hp] }

export class Columns {
  readonly bytes: Uint8Array
  private readonly words: Uint32Array
  private readonly floats: Float32Array
  private readonly halves: Uint16Array
  private readonly poses: readonly (Float32Array | Uint16Array)[]
  private readonly healths: readonly (Float32Array | Uint16Array)[]

  constructor(stores: Stores, entities: number) {
    const buffer = new ArrayBuffer(16 + entities * 40)
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
    this.floats = new Float32Array(buffer)
    this.halves = new Uint16Array(buffer)
    this.poses = POSES.of(stores)
    this.healths = HEALTHS.of(stores)
  }

  /** Encodes what is known to have changed. Returns the number of bytes. */
  encode(moved: Uint32Array, hurt: Uint32Array): number {
    this.words[0] = moved.length
    this.words[1] = hurt.length
    let at = this.encodeGroup(this.poses, moved, 8)
    at = this.encodeGroup(this.healths, hurt, at)
    return at
  }

  /** Reads what was encoded into other stores. `eidOf` is by the sender's entity. Returns the number of records. */
  decode(stores: Stores, eidOf: Uint32Array): number {
    const moved = this.words[0]!
    const hurt = this.words[1]!
    const at = this.decodeGroup(POSES.of(stores), moved, 8, eidOf)
    this.decodeGroup(HEALTHS.of(stores), hurt, at, eidOf)
    return moved + hurt
  }

  /** From byte `start`, a multiple of 4. Returns the byte after it, also a multiple of 4. */
  private encodeGroup(columns: readonly (Float32Array | Uint16Array)[], eids: Uint32Array, start: number): number {
    const { words, floats, halves } = this
    let at = start >> 2
    for (let i = 0; i < eids.length; i++) words[at++] = eids[i]!
    for (const column of columns) {
      if (column instanceof Float32Array) {
        for (let i = 0; i < eids.length; i++) floats[at++] = column[eids[i]!]!
      } else {
        let half = at * 2
        for (let i = 0; i < eids.length; i++) halves[half++] = column[eids[i]!]!
        at = (half + 1) >> 1
      }
    }
    return at * 4
  }

  private decodeGroup(
    columns: readonly (Float32Array | Uint16Array)[],
    count: number,
    start: number,
    eidOf: Uint32Array,
  ): number {
    const { words, floats, halves } = this
    const ids = start >> 2
    let at = ids + count
    for (const column of columns) {
      if (column instanceof Float32Array) {
        for (let i = 0; i < count; i++) column[eidOf[words[ids + i]!]!] = floats[at++]!
      } else {
        let half = at * 2
        for (let i = 0; i < count; i++) column[eidOf[words[ids + i]!]!] = halves[half++]!
        at = (half + 1) >> 1
      }
    }
    return at * 4
  }
}
