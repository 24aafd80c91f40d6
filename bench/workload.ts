// Builds the world that every encoder works on: N moving entities, of which a fraction changes in each tick.
import { createRandom } from '../src/transport/random.js'

/** Positions are within ± this, in metres. */
export const POSITION_RANGE = 1024
/** What a quantized position keeps, in metres: 18 bits. */
export const POSITION_STEP = 0.01
/** What is kept of each part of a rotation but the largest: 10 bits within ± 1/√2. */
export const ROTATION_STEP = 1 / (511 * Math.SQRT2)
/** The part of all entities whose health changes in each tick. */
const HURT = 0.01
/** Distinct ticks, which then repeat with other values. */
export const VARIANTS = 4

/** Bytes of the values of one entity. */
export const RAW_BYTES = 42

/** The game's stores. */
export class Stores {
  readonly position: Record<'x' | 'y' | 'z', Float32Array>
  readonly rotation: Record<'x' | 'y' | 'z' | 'w', Float32Array>
  readonly velocity: Record<'x' | 'y' | 'z', Float32Array>
  readonly health: { hp: Uint16Array }

  /** `capacity` is one more than the highest entity id. */
  constructor(readonly capacity: number) {
    const floats = (): Float32Array => new Float32Array(capacity)
    this.position = { x: floats(), y: floats(), z: floats() }
    this.rotation = { x: floats(), y: floats(), z: floats(), w: floats() }
    this.velocity = { x: floats(), y: floats(), z: floats() }
    this.health = { hp: new Uint16Array(capacity) }
  }

  /** Every column: seven that move together, three that do not change, one of health. */
  get columns(): (Float32Array | Uint16Array)[] {
    const { position, rotation, velocity, health } = this
    const moving = [position.x, position.y, position.z, rotation.x, rotation.y, rotation.z, rotation.w]
    return [...moving, velocity.x, velocity.y, velocity.z, health.hp]
  }
}

/** What changes in one tick. Entities are numbered from 0 and ascend. */
export interface Changes {
  /** Entities that move and turn. */
  readonly moved: Uint32Array
  /** Seven for each: position x, y, z, rotation x, y, z, w. */
  readonly poses: Float32Array
  /** Entities whose health changes. */
  readonly hurt: Uint32Array
  readonly healths: Uint16Array
  /** Entities with any change. */
  readonly entities: number
}

/**
 * W(N, f), the same for every subject: seeded, and made before anything is timed. Entities jump to anywhere, or, where
 * they stay in a `neighbourhood`, at most so many metres from where they began.
 */
export class Workload {
  readonly variants: readonly Changes[]
  private readonly start: Changes
  /** Where entities began, three for each; everyone at 0 when they jump. */
  private readonly homes: Float32Array

  constructor(
    readonly count: number,
    readonly fraction: number,
    seed: number,
    neighbourhood?: number,
  ) {
    const random = createRandom(seed)
    this.start = makeChanges(count, 1, 1, POSITION_RANGE, random)
    const range = neighbourhood ?? POSITION_RANGE
    this.variants = Array.from({ length: VARIANTS }, () => makeChanges(count, fraction, HURT, range, random))
    this.homes = new Float32Array(count * 3)
    if (neighbourhood === undefined) return
    for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) this.homes[i * 3 + c] = this.start.poses[i * 7 + c]!
  }

  /** Where an entity begins. */
  homeOf(entity: number): readonly [x: number, y: number, z: number] {
    const { poses } = this.start
    return [poses[entity * 7]!, poses[entity * 7 + 1]!, poses[entity * 7 + 2]!]
  }

  get name(): string {
    return `N=${this.count} f=${Number((this.fraction * 100).toPrecision(3))}%`
  }

  /** Gives every entity its first values. */
  populate(stores: Stores, eids: Uint32Array): void {
    write(this.start, NOWHERE, stores, eids, 1, 0)
    for (const eid of eids) stores.velocity.x[eid] = eid & 7
  }

  /** The changes of a tick; ticks are numbered from 0. */
  at(tick: number): Changes {
    return this.variants[tick % VARIANTS]!
  }

  /** Writes the changes of a tick. Each value differs from the one before, also when the ticks repeat. */
  apply(tick: number, stores: Stores, eids: Uint32Array): void {
    const odd = Math.floor(tick / VARIANTS) % 2 === 1
    write(this.at(tick), this.homes, stores, eids, odd ? -1 : 1, odd ? 1 : 0)
  }

  /** Entities that change, over all distinct ticks. */
  get changedEntities(): number {
    return this.variants.reduce((sum, { entities }) => sum + entities, 0)
  }
}

const NOWHERE = new Float32Array(0)

function write(
  changes: Changes,
  homes: Float32Array,
  stores: Stores,
  eids: Uint32Array,
  sign: 1 | -1,
  flip: 0 | 1,
): void {
  const { position, rotation, health } = stores
  const { moved, poses, hurt, healths } = changes
  for (let i = 0, at = 0; i < moved.length; i++, at += 7) {
    const eid = eids[moved[i]!]!
    const home = moved[i]! * 3
    position.x[eid] = (homes[home] ?? 0) + sign * poses[at]!
    position.y[eid] = (homes[home + 1] ?? 0) + sign * poses[at + 1]!
    position.z[eid] = (homes[home + 2] ?? 0) + sign * poses[at + 2]!
    // The other sign would be the same rotation.
    rotation.x[eid] = poses[at + 3 + flip]!
    rotation.y[eid] = poses[at + 4 - flip]!
    rotation.z[eid] = poses[at + 5 + flip]!
    rotation.w[eid] = poses[at + 6 - flip]!
  }
  for (let i = 0; i < hurt.length; i++) health.hp[eids[hurt[i]!]!] = healths[i]! ^ flip
}

function makeChanges(count: number, moving: number, hurting: number, range: number, random: () => number): Changes {
  const moved = choose(count, Math.round(count * moving), random)
  const hurt = choose(count, Math.max(1, Math.round(count * hurting)), random)
  const poses = new Float32Array(moved.length * 7)
  for (let i = 0; i < moved.length; i++) {
    for (let c = 0; c < 3; c++) poses[i * 7 + c] = (random() * 2 - 1) * range
    const turn = [0, 0, 0, 0].map(() => random() * 2 - 1)
    const length = Math.hypot(...turn) || 1
    for (let c = 0; c < 4; c++) poses[i * 7 + 3 + c] = turn[c]! / length
  }
  const healths = Uint16Array.from(hurt, () => Math.floor(random() * 0x10000))
  return { moved, poses, hurt, healths, entities: new Set([...moved, ...hurt]).size }
}

/** `size` different numbers below `count`, ascending (Knuth, TAOCP 2, 3.4.2, algorithm S). */
function choose(count: number, size: number, random: () => number): Uint32Array {
  const chosen = new Uint32Array(size)
  let taken = 0
  for (let i = 0; i < count && taken < size; i++) {
    if ((count - i) * random() < size - taken) chosen[taken++] = i
  }
  return chosen
}

/** The numbers from `first` on: ids for those subjects that have no world. */
export function numbers(first: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => first + i)
}
