// Numbers sets of components with small integers.
//
// An entity's components, and those that changed, are sets that repeat: most games have few combinations and many
// entities. Each distinct set gets a number, and "with one more component" is a table look-up. So a set is one
// integer, however many components a protocol lists, and entities are grouped by what changed with integers. A game
// whose components change independently meets new sets indefinitely; the table is then compacted to those in use.
import type { ByteReader, ByteWriter } from './bytes.js'

export const EMPTY_SET = 0

/** Distinct sets of components that are kept before unused ones are removed. */
export const SMALLEST_SET_LIMIT = 4096

const UNKNOWN = -1

/**
 * Reads a set into `out`, its members ascending, and returns how many there are. A component that the protocol does
 * not list makes the reader fail. Nothing is remembered, since untrusted input could fill any table.
 */
export function readMembers(reader: ByteReader, componentCount: number, out: Uint16Array): number {
  let count = 0
  for (let first = 0; first < componentCount; first += 8) {
    const bits = reader.u8()
    for (let bit = 0; bit < 8; bit++) {
      if ((bits & (1 << bit)) === 0) continue
      if (first + bit >= componentCount) return reader.fail()
      out[count++] = first + bit
    }
  }
  return count
}

/** Keeps the sets of one protocol's components that were used so far. */
export class ComponentSets {
  /** Component ids of each set, ascending. */
  readonly members: Uint16Array[] = []
  /** Each set as it is written: one bit for each component, lowest first. */
  readonly masks: Uint8Array[] = []
  readonly maskBytes: number
  private readonly byMask = new Map<string, number>()
  /** `transitions[set * componentCount + component]` is the set with that component toggled. */
  private transitions = new Int32Array(0)

  constructor(readonly componentCount: number) {
    this.maskBytes = (componentCount + 7) >> 3
    this.intern(new Uint8Array(this.maskBytes))
  }

  get count(): number {
    return this.masks.length
  }

  has(set: number, component: number): boolean {
    return (this.masks[set]![component >> 3]! & (1 << (component & 7))) !== 0
  }

  with(set: number, component: number): number {
    return this.has(set, component) ? set : this.toggle(set, component)
  }

  without(set: number, component: number): number {
    return this.has(set, component) ? this.toggle(set, component) : set
  }

  union(a: number, b: number): number {
    if (a === b || b === EMPTY_SET) return a
    if (a === EMPTY_SET) return b
    let result = a
    for (const component of this.members[b]!) result = this.with(result, component)
    return result
  }

  /** The components in `a` and not in `b`. */
  difference(a: number, b: number): number {
    if (a === b) return EMPTY_SET
    let result = a
    for (const component of this.members[b]!) result = this.without(result, component)
    return result
  }

  write(writer: ByteWriter, set: number): void {
    const mask = this.masks[set]!
    for (let i = 0; i < mask.length; i++) writer.u8(mask[i]!)
  }

  /**
   * Forgets every set but those in `live`, and returns the new number of each old one. Callers must replace the old
   * numbers that they keep. The empty set keeps its number.
   */
  compact(live: Iterable<number>): Int32Array {
    const masks = this.masks.slice()
    const numbers = new Int32Array(masks.length).fill(UNKNOWN)
    this.masks.length = 0
    this.members.length = 0
    this.byMask.clear()
    this.transitions = new Int32Array(0)
    numbers[EMPTY_SET] = this.intern(masks[EMPTY_SET]!)
    for (const set of live) if (numbers[set] === UNKNOWN) numbers[set] = this.intern(masks[set]!)
    return numbers
  }

  private toggle(set: number, component: number): number {
    const key = set * this.componentCount + component
    const known = this.transitions[key]!
    if (known !== UNKNOWN) return known
    const mask = this.masks[set]!.slice()
    mask[component >> 3]! ^= 1 << (component & 7)
    const result = this.intern(mask)
    this.transitions[key] = result
    this.transitions[result * this.componentCount + component] = set
    return result
  }

  private intern(mask: Uint8Array): number {
    const key = mask.join()
    const known = this.byMask.get(key)
    if (known !== undefined) return known
    const set = this.masks.length
    const members: number[] = []
    for (let c = 0; c < this.componentCount; c++) if ((mask[c >> 3]! & (1 << (c & 7))) !== 0) members.push(c)
    this.masks.push(mask)
    this.members.push(Uint16Array.from(members))
    this.byMask.set(key, set)
    const need = (set + 1) * this.componentCount
    if (need > this.transitions.length) {
      const grown = new Int32Array(Math.max(need, this.transitions.length * 2)).fill(UNKNOWN)
      grown.set(this.transitions)
      this.transitions = grown
    }
    return set
  }
}
