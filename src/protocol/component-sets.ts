// Sets of components as small integers.
//
// Which components an entity has, and which of them changed, are sets that repeat: a game has few combinations and many
// entities. Each distinct set gets a number, and "with one more component" is a table look-up. So a set costs one
// integer however many components a protocol lists, and grouping entities by what changed is grouping by integer.
import type { ByteReader, ByteWriter } from './bytes.js'

export const EMPTY_SET = 0

/** More distinct sets than any game has; a peer that makes up more is refused. */
const MAX_SETS = 1 << 16
const UNKNOWN = -1

/** All the sets of one protocol's components that were met so far. */
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

  /** What is in `a` and not in `b`. */
  difference(a: number, b: number): number {
    if (a === b) return EMPTY_SET
    let result = a
    for (const component of this.members[b]!) result = this.without(result, component)
    return result
  }

  intersection(a: number, b: number): number {
    return a === b ? a : this.difference(a, this.difference(a, b))
  }

  write(writer: ByteWriter, set: number): void {
    const mask = this.masks[set]!
    for (let i = 0; i < mask.length; i++) writer.u8(mask[i]!)
  }

  /** Reads a set; unknown components, or more sets than a game can have, make the reader fail. */
  read(reader: ByteReader): number {
    // Walking the bits through the transition table finds a set met before without allocating.
    let set = EMPTY_SET
    for (let byte = 0; byte < this.maskBytes; byte++) {
      const bits = reader.u8()
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (1 << bit)) === 0) continue
        const component = byte * 8 + bit
        if (component >= this.componentCount || this.count >= MAX_SETS) return reader.fail()
        set = this.with(set, component)
      }
    }
    return set
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
