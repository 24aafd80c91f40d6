// Finds a slot by a number, without allocating: a hash table with linear probing over two typed arrays.
//
// Deletion closes the gap that it leaves (Knuth, The Art of Computer Programming 3, 6.4, Algorithm R). So nothing is
// rehashed except when the table grows.

const FIRST_SIZE = 32

export class NumberIndex {
  private keys = new Uint32Array(FIRST_SIZE)
  private slots = new Uint32Array(FIRST_SIZE)
  private mask = FIRST_SIZE - 1
  size = 0

  /** `shift`: the low bits that all keys share; consecutive keys above them do not collide. */
  constructor(private readonly shift: number) {}

  /** The slot of a key, or 0. */
  get(key: number): number {
    const at = this.find(key)
    return this.keys[at] === 0 ? 0 : this.slots[at]!
  }

  /** `key` and `slot` are above 0. */
  set(key: number, slot: number): void {
    if ((this.size + 1) * 2 > this.keys.length) this.grow()
    const at = this.find(key)
    if (this.keys[at] === 0) this.size++
    this.keys[at] = key
    this.slots[at] = slot
  }

  delete(key: number): void {
    const { keys, slots, mask } = this
    let hole = this.find(key)
    if (keys[hole] === 0) return
    this.size--
    // The next entry moves into the hole, unless it would then precede its home position.
    for (let at = (hole + 1) & mask; keys[at] !== 0; at = (at + 1) & mask) {
      const fromHome = (at - this.home(keys[at]!)) & mask
      const fromHole = (at - hole) & mask
      if (fromHome < fromHole) continue
      keys[hole] = keys[at]!
      slots[hole] = slots[at]!
      hole = at
    }
    keys[hole] = 0
  }

  private home(key: number): number {
    return (key >>> this.shift) & this.mask
  }

  /** The index of a key, or of the gap where it would be. */
  private find(key: number): number {
    const { keys, mask } = this
    let at = this.home(key)
    while (keys[at] !== 0 && keys[at] !== key) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const { keys, slots } = this
    this.keys = new Uint32Array(keys.length * 2)
    this.slots = new Uint32Array(keys.length * 2)
    this.mask = this.keys.length - 1
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === 0) continue
      const at = this.find(keys[i]!)
      this.keys[at] = keys[i]!
      this.slots[at] = slots[i]!
    }
  }
}
