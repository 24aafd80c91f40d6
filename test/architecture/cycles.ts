// Finds import cycles, and the files that a file reaches.

/** Who imports whom, by path. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** One shortest cycle for every group of files that import each other, as the path round: `[a, b, a]`. */
export function findCycles(graph: Graph): string[][] {
  const cycles: string[][] = []
  const covered = new Set<string>()
  for (const start of graph.keys()) {
    if (covered.has(start)) continue
    const cycle = shortestWayBack(graph, start)
    if (cycle === undefined) continue
    cycles.push(cycle)
    // One cycle is reported for the whole group; the next run shows the remaining ones after it is fixed.
    for (const path of reach(graph, start).keys()) if (reach(graph, path).has(start)) covered.add(path)
  }
  return cycles
}

/** Everything that `start` reaches, itself included, each with the file that led there. */
export function reach(graph: Graph, start: string): Map<string, string | undefined> {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]])
  // A map's keys include those added during the loop, so this is a breadth-first walk.
  for (const path of cameFrom.keys()) {
    for (const next of graph.get(path) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, path)
  }
  return cameFrom
}

/** The way from the start of {@link reach} to one of the files it found. */
export function wayTo(cameFrom: ReadonlyMap<string, string | undefined>, goal: string): string[] {
  const way: string[] = []
  for (let at: string | undefined = goal; at !== undefined; at = cameFrom.get(at)) way.unshift(at)
  return way
}

function shortestWayBack(graph: Graph, start: string): string[] | undefined {
  const cameFrom = reach(graph, start)
  for (const path of cameFrom.keys()) {
    if (graph.get(path)?.includes(start)) return [...wayTo(cameFrom, path), start]
  }
  return undefined
}
