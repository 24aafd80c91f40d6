// Reports every pair of a relation that an entity of a world gains or loses.
//
// bitECS has no such event. A pair is a separate component for each target, and `observe` on `relation(Wildcard)` is
// silent between an entity's first pair and its last. A query per pair would test every entity of the world when a
// target is new, and would be kept permanently. But bitECS notifies the queries of a component when an entity gains or
// loses it. So one query that matches nothing, and records the entities that it tests, is listed with every pair of the
// relations. It costs one call per change, and nothing while nothing changes.
import { $internal, type ComponentData, type InternalWorld, type Query, type World } from 'bitecs'

// bitECS registers this symbol on the component of a pair.
const $relation = Symbol.for('bitecs-relation')
const $pairTarget = Symbol.for('bitecs-pairTarget')

interface PairComponent {
  readonly [$relation]?: unknown
  readonly [$pairTarget]?: unknown
}

const nothing = (): void => undefined

/** A query that seems to match every entity, and whose list of members is a call of `touch`. */
function watcher(touch: (subject: number) => void): Query {
  const none = { add: nothing, remove: nothing, has: () => false, sparse: [], dense: [], reset: nothing, sort: nothing }
  const silent = { subscribe: () => nothing, notify: () => ({}) }
  return {
    ...none,
    add: touch,
    allComponents: [],
    orComponents: [],
    notComponents: [],
    masks: {},
    orMasks: {},
    notMasks: {},
    hasMasks: {},
    generations: [],
    toRemove: none,
    addObservable: silent,
    removeObservable: silent,
    queues: {},
  }
}

/** Calls `touch` with each entity that gains or loses a pair of one of `relations`, before or after the change. */
export function watchPairs(world: World, relations: ReadonlySet<unknown>, touch: (subject: number) => void): void {
  const query = watcher(touch)
  const { componentMap } = (world as InternalWorld)[$internal]
  const watch = (component: PairComponent, { queries }: ComponentData): void => {
    if (relations.has(component[$relation]) && typeof component[$pairTarget] === 'number') queries.add(query)
  }
  for (const [component, data] of componentMap) watch(component as PairComponent, data)
  // A pair is registered here when it is first used in this world, before any entity has it.
  componentMap.set = (component: PairComponent, data: ComponentData) => {
    watch(component, data)
    return Map.prototype.set.call(componentMap, component, data) as typeof componentMap
  }
}
