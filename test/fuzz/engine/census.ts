// Measures the state of a side: every array, map and set that is reachable from it, by path.
//
// A leak is a size that is larger after all hostile peers have disconnected than before they connected.

/** Elements, and bytes of typed arrays, by path. The contents of arrays, maps and sets are added up under one path. */
export interface Census {
  readonly elements: ReadonlyMap<string, number>
  readonly bytes: ReadonlyMap<string, number>
}

/** Skipped paths: the state of bitECS, constant values, and values of the game. */
const PASSED = new Set([
  'world',
  'protocol',
  'definition',
  'definitions',
  'store',
  'array',
  'options',
  'target',
  'codec',
  'type',
  'cause',
])

interface Place {
  readonly value: object
  readonly path: string
}

/** Measures everything that is reachable from `root`. */
export function takeCensus(root: object): Census {
  const elements = new Map<string, number>()
  const bytes = new Map<string, number>()
  const seen = new Set<object>([root])
  const open: Place[] = [{ value: root, path: '' }]
  const add = (to: Map<string, number>, path: string, count: number): void =>
    void to.set(path, (to.get(path) ?? 0) + count)
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    open.push({ value, path })
  }
  // Breadth first, so that a value with several paths is always counted under the shortest.
  for (let next = 0; next < open.length; next++) {
    const { value, path } = open[next]!
    if (ArrayBuffer.isView(value)) add(bytes, path, value.byteLength)
    else if (Array.isArray(value)) {
      add(elements, path, value.length)
      for (const item of value) visit(item, `${path}[]`)
    } else if (value instanceof Map) {
      add(elements, path, value.size)
      // Keys are names, numbers, and objects of the game.
      for (const item of value.values()) visit(item, `${path}{}`)
    } else if (value instanceof Set) {
      add(elements, path, value.size)
      for (const item of value) visit(item, `${path}{}`)
    } else {
      for (const name of Object.keys(value)) {
        if (!PASSED.has(name)) visit((value as Record<string, unknown>)[name], `${path}.${name}`)
      }
    }
  }
  return { elements, bytes }
}

/** The growth that is allowed. */
export interface Allowance {
  /** Elements under any other path. */
  readonly elements: number
  /** Bytes in total. */
  readonly bytes: number
  /** Larger limits of elements for some paths, by the end of the path. */
  readonly named: Readonly<Record<string, number>>
}

/** The paths that have grown too much. */
export function growth(before: Census, after: Census, allowance: Allowance): string[] {
  const grown: string[] = []
  for (const [path, count] of after.elements) {
    const was = before.elements.get(path) ?? 0
    const name = Object.keys(allowance.named).find((end) => path.endsWith(end))
    const limit = name === undefined ? was + allowance.elements : Math.max(was, allowance.named[name]!)
    if (count > limit) grown.push(`${path}: ${was} to ${count} elements`)
  }
  const total = (census: Census): number => [...census.bytes.values()].reduce((sum, size) => sum + size, 0)
  if (total(after) - total(before) > allowance.bytes) {
    const worst = [...after.bytes].map(([path, size]) => ({ path, more: size - (before.bytes.get(path) ?? 0) }))
    worst.sort((a, b) => b.more - a.more)
    grown.push(
      `${total(before)} to ${total(after)} bytes, most in ${worst
        .slice(0, 3)
        .map(({ path, more }) => `${path} (${more})`)
        .join(', ')}`,
    )
  }
  return grown
}
