// Notices every pair of a relation that an entity of a world gains or loses.
//
// bitECS has no such event: a pair is a component of its own for each target, `observe` on `relation(Wildcard)` is silent
// between an entity's first pair and its last, and a query for each pair would look at every entity of the world when a
// target is new, and be kept for ever. But bitECS tells each component's queries of it when an entity gains or loses it. So
// one query that matches nothing, and remembers who came by, is listed with every pair of the relations. It costs a call
// for each change, and nothing while nothing changes.
import { $internal, type ComponentData, type InternalWorld, type Query, type World } from 'bitecs'

// Registered by bitECS on the component of a pair.
const $relation = Symbol.for('bitecs-relation')
const $pairTarget = Symbol.for('bitecs-pairTarget')

interface PairComponent {
  readonly [$relation]?: unknown
  readonly [$pairTarget]?: unknown
}

const nothing = (): void => undefined

/** A query that every entity seems to match, and whose list of members is a call of `touch`. */
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

/** Calls `touch` with each entity that gains or loses a pair of one of `relations`, before or behind the change. */
export function watchPairs(world: World, relations: ReadonlySet<unknown>, touch: (subject: number) => void): void {
  const query = watcher(touch)
  const { componentMap } = (world as InternalWorld)[$internal]
  const watch = (component: PairComponent, { queries }: ComponentData): void => {
    if (relations.has(component[$relation]) && typeof component[$pairTarget] === 'number') queries.add(query)
  }
  for (const [component, data] of componentMap) watch(component as PairComponent, data)
  // A pair is entered here when it is first used in this world, before any entity has it.
  componentMap.set = (component: PairComponent, data: ComponentData) => {
    watch(component, data)
    return Map.prototype.set.call(componentMap, component, data) as typeof componentMap
  }
}
