// Loops over arrays of words, four at a time. In each round of a loop V8 looks up anew what kind of array it has, how long
// it is and where its memory lies; that takes longer than copying a word, and four words share it.

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

/** The first index from `start` on, below `end`, at which `values[ids[index]]` is not `value`; or `end`. */
export function firstOther(values: Uint32Array, ids: Uint32Array, start: number, end: number, value: number): number {
  const fours = end - 3
  let i = start
  while (
    i < fours &&
    values[ids[i]!] === value &&
    values[ids[i + 1]!] === value &&
    values[ids[i + 2]!] === value &&
    values[ids[i + 3]!] === value
  ) {
    i += 4
  }
  while (i < end && values[ids[i]!] === value) i++
  return i
}
