// How much a role holds: every array, map and set that can be reached from it, by the way that leads there.
//
// A leak shows as a number that is larger after every hostile peer has gone than it was before one came, wherever it
// is.

/** Elements, and bytes of memory of its own, by path. What lies in arrays, maps and sets is added up under one path. */
export interface Census {
  readonly elements: ReadonlyMap<string, number>
  readonly bytes: ReadonlyMap<string, number>
}

/** Not looked into: what bitECS keeps, what never changes, and what is the game's. */
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

/** Counts what can be reached from `root`. */
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
  // Breadth first: what can be reached on several ways is found on the shortest, at every time the same.
  for (let next = 0; next < open.length; next++) {
    const { value, path } = open[next]!
    if (ArrayBuffer.isView(value)) add(bytes, path, value.byteLength)
    else if (Array.isArray(value)) {
      add(elements, path, value.length)
      for (const item of value) visit(item, `${path}[]`)
    } else if (value instanceof Map) {
      add(elements, path, value.size)
      // Keys are names, numbers, and things of the game.
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

/** How much of each a role may gain without being asked why. */
export interface Allowance {
  /** Elements under any path that is not named. */
  readonly elements: number
  /** Bytes in all. */
  readonly bytes: number
  /** Where more is right, by the end of the path: how many elements there may be. */
  readonly named: Readonly<Record<string, number>>
}

/** What grew by more than it may. */
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
