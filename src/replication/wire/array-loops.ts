// Copies and sorts arrays of words, four words at a time.
//
// In each round of a loop V8 looks up again the kind, the length and the memory of each array. That takes longer than
// copying a word, so four words share it.

/** Copies `from[start .. start + count)` to `into`, from `at` on. */
export function copyWords(into: Uint32Array, at: number, from: Uint32Array, start: number, count: number): void {
  const end = start + count
  const fours = end - 3
  let to = at
  let i = start
  for (; i < fours; i += 4, to += 4) {
    into[to] = from[i]!
    into[to + 1] = from[i + 1]!
    into[to + 2] = from[i + 2]!
    into[to + 3] = from[i + 3]!
  }
  for (; i < end; i++, to++) into[to] = from[i]!
}

/** Copies `from[ids[start + i]]` to `into[at + i]`, for each `i` below `count`. */
export function gatherWords(
  into: Uint32Array,
  at: number,
  from: Uint32Array,
  ids: Uint32Array,
  start: number,
  count: number,
): void {
  const end = start + count
  const fours = end - 3
  let to = at
  let i = start
  for (; i < fours; i += 4, to += 4) {
    into[to] = from[ids[i]!]!
    into[to + 1] = from[ids[i + 1]!]!
    into[to + 2] = from[ids[i + 2]!]!
    into[to + 3] = from[ids[i + 3]!]!
  }
  for (; i < end; i++, to++) into[to] = from[ids[i]!]!
}

/** Sets `into[start .. start + count)` to `value`. Faster than `fill`, which suits large ranges. */
export function fillWords(into: Uint32Array, start: number, count: number, value: number): void {
  const end = start + count
  const fours = end - 3
  let i = start
  for (; i < fours; i += 4) {
    into[i] = value
    into[i + 1] = value
    into[i + 2] = value
    into[i + 3] = value
  }
  for (; i < end; i++) into[i] = value
}

/** Sets `into[ids[i]]` to `value`, for each `i` below `count`. */
export function setWords(into: Uint32Array, ids: Uint32Array, count: number, value: number): void {
  const fours = count - 3
  let i = 0
  for (; i < fours; i += 4) {
    into[ids[i]!] = value
    into[ids[i + 1]!] = value
    into[ids[i + 2]!] = value
    into[ids[i + 3]!] = value
  }
  for (; i < count; i++) into[ids[i]!] = value
}

/**
 * Copies `from[ids[i]]` to `into[i]`, for each `i` below `count`. Returns whether all of them are above 0 and at most
 * `last`, which is less than 2^31. If not, some may not have been copied.
 */
export function gatherBelow(
  into: Uint32Array,
  from: Uint32Array,
  ids: Uint32Array,
  count: number,
  last: number,
): boolean {
  const fours = count - 3
  let i = 0
  // A value that is 0, or above `last`, leaves its sign bit.
  for (; i < fours; i += 4) {
    const a = from[ids[i]!]! | 0
    const b = from[ids[i + 1]!]! | 0
    const c = from[ids[i + 2]!]! | 0
    const d = from[ids[i + 3]!]! | 0
    if (((a - 1) | (b - 1) | (c - 1) | (d - 1) | (last - a) | (last - b) | (last - c) | (last - d)) < 0) return false
    into[i] = a
    into[i + 1] = b
    into[i + 2] = c
    into[i + 3] = d
  }
  for (; i < count; i++) {
    const a = from[ids[i]!]!
    if (a === 0 || a > last) return false
    into[i] = a
  }
  return true
}

/**
 * Sets `values[ids[i]]` to `value` while the old value is less. Returns the first `i` for which it was not, or `count`.
 */
export function raiseWords(values: Uint32Array, ids: Uint32Array, count: number, value: number): number {
  const fours = count - 3
  let i = 0
  for (; i < fours; i += 4) {
    const p = ids[i]!
    const q = ids[i + 1]!
    const r = ids[i + 2]!
    const s = ids[i + 3]!
    if (values[p]! >= value || values[q]! >= value || values[r]! >= value || values[s]! >= value) break
    values[p] = value
    values[q] = value
    values[r] = value
    values[s] = value
  }
  for (; i < count; i++) {
    const p = ids[i]!
    if (values[p]! >= value) return i
    values[p] = value
  }
  return count
}

/**
 * Sorts `words[0 .. count)`, ascending. Shell's sort with Knuth's gaps needs no memory, and one pass over nearly sorted
 * words.
 */
export function sortWords(words: Uint32Array, count: number): void {
  let gap = 1
  while (gap < count / 3) gap = gap * 3 + 1
  for (; gap >= 1; gap = (gap - 1) / 3) {
    for (let i = gap; i < count; i++) {
      const word = words[i]!
      let at = i
      for (; at >= gap && words[at - gap]! > word; at -= gap) words[at] = words[at - gap]!
      words[at] = word
    }
  }
}
