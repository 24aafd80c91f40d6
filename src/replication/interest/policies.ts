// Defines the policies of interest: a tree that decides which entities each client sees. Its leaves have files of their
// own.
import type { World } from 'bitecs'
import { UsageError } from '../../protocol/errors.js'
import type { GridPolicy } from './grid-policy.js'
import type { RoomsPolicy } from './rooms-policy.js'

/** Every client sees everything. */
export interface EveryonePolicy {
  readonly kind: 'everyone'
}

/** The game decides for each pair. */
export interface PredicatePolicy {
  readonly kind: 'predicate'
  readonly isVisible: (world: World, connection: number, entity: number) => boolean
  readonly interval: number
}

/** Several policies as one. */
export interface CombinedPolicy {
  readonly kind: 'all' | 'any'
  readonly of: readonly InterestPolicy[]
}

/** Policies that place entities in cells. */
export type CellPolicy = GridPolicy | RoomsPolicy

/** Decides which entities a client sees. Made by `everyone`, `rooms`, `grid`, `predicate`, `allOf` and `anyOf`. */
export type InterestPolicy = EveryonePolicy | PredicatePolicy | CombinedPolicy | CellPolicy

const EVERYONE: EveryonePolicy = { kind: 'everyone' }

/** Every client that is ready sees every networked entity: the default. */
export function everyone(): EveryonePolicy {
  return EVERYONE
}

/**
 * A client sees the entities that all of the policies let it see: `allOf(match, grid({ … }))`.
 *
 * @throws UsageError when no policy is given, or an argument is not a policy.
 */
export function allOf(...policies: InterestPolicy[]): CombinedPolicy {
  return combine('all', policies)
}

/**
 * A client sees the entities that at least one of the policies lets it see: `anyOf(team, grid({ … }))`.
 *
 * @throws UsageError when no policy is given, or an argument is not a policy.
 */
export function anyOf(...policies: InterestPolicy[]): CombinedPolicy {
  return combine('any', policies)
}

function combine(kind: 'all' | 'any', of: readonly InterestPolicy[]): CombinedPolicy {
  if (of.length === 0) throw new UsageError('bad-option', `${kind}Of needs at least one policy`)
  for (const policy of of) requirePolicy(policy)
  return { kind, of: [...of] }
}

const KINDS: ReadonlySet<unknown> = new Set(['everyone', 'predicate', 'all', 'any', 'grid', 'rooms'])

/** @throws UsageError when it is not a policy. */
export function requirePolicy(policy: InterestPolicy): void {
  if (typeof policy === 'object' && policy !== null && KINDS.has(policy.kind)) return
  throw new UsageError('bad-option', 'a policy of interest is made by everyone, rooms, grid, predicate, allOf or anyOf')
}
