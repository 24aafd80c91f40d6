// Counts what an object holds on to: every entry of every array, map and set that can be reached from it, and every
// object. A queue, a table or a list that forgets nothing shows here, by its path, before it shows in the memory.
import type { Protocol } from '../../src/protocol/protocol.js'

/** How many entries there are in all, and by path. Members of collections share one path: `peers[].session`. */
export interface Items {
  readonly total: number
  readonly byPath: ReadonlyMap<string, number>
}

const MAX_DEPTH = 40
/**
 * The stores of a protocol's components, and their arrays. They are the game's: bitECS keeps the values of an entity
 * that is gone until its id is given out again, collections too, so they fill up to the highest id that there ever was.
 */
export function storesOf({ componentList }: Protocol): object[] {
  const stores = componentList.map(({ store }) => store as object)
  return stores.concat(stores.flatMap((store) => Object.values(store) as object[]))
}

/** `notOurs`: what is passed over, with all that can be reached from there alone. */
export function countItems(root: object, notOurs: readonly object[] = []): Items {
  const byPath = new Map<string, number>()
  const seen = new Set<object>(notOurs)
  const queue: { value: object; path: string; depth: number }[] = []
  let total = 0
  const note = (path: string, count: number): void => {
    if (count === 0) return
    total += count
    byPath.set(path, (byPath.get(path) ?? 0) + count)
  }
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || depth > MAX_DEPTH) return
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return
    seen.add(value)
    note(path, 1)
    queue.push({ value, path, depth })
  }
  visit(root, '', 0)
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { value, path, depth } = next
    if (Array.isArray(value)) {
      note(`${path}[]`, value.length)
      for (const entry of value as unknown[]) visit(entry, `${path}[]`, depth + 1)
    } else if (value instanceof Map) {
      note(`${path}[]`, value.size)
      for (const [key, entry] of value as Map<unknown, unknown>) {
        visit(key, `${path}[key]`, depth + 1)
        visit(entry, `${path}[]`, depth + 1)
      }
    } else if (value instanceof Set) {
      note(`${path}[]`, value.size)
      for (const entry of value as Set<unknown>) visit(entry, `${path}[]`, depth + 1)
    }
    for (const [key, { value: member }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (Array.isArray(value) && /^\d+$/.test(key)) continue
      visit(member, `${path}.${key}`, depth + 1)
    }
  }
  return { total, byPath }
}

/** The paths that hold more than before, those that grew most first. */
export function grown(before: Items, after: Items): { path: string; by: number }[] {
  const changes: { path: string; by: number }[] = []
  for (const [path, count] of after.byPath) {
    const by = count - (before.byPath.get(path) ?? 0)
    if (by > 0) changes.push({ path, by })
  }
  return changes.toSorted((a, b) => b.by - a.by)
}
