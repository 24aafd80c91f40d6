// Recognises and describes the replicated relations of bitECS.
import { ProtocolError } from './errors.js'

/**
 * A relation of bitECS, made by its `createRelation`: called with a target, it returns the component for that pair.
 */
export type ReplicatedRelation = (target: number) => unknown

/** Relations have numbers of 10 bits, so that a relation and a slot are one small integer. */
export const MAX_RELATIONS = 1024

// bitECS registers these symbols, so that several copies of it in one process work together.
const $relationData = Symbol.for('bitecs-relationData')
const $wildcard = Symbol.for('bitecs-wildcard')
const $isA = Symbol.for('bitecs-global-isa')

interface RelationData {
  readonly exclusiveRelation: boolean
  readonly autoRemoveSubject: boolean
}

function dataOf(relation: unknown): RelationData | undefined {
  if (typeof relation !== 'function') return undefined
  return (relation as { readonly [$relationData]?: RelationData })[$relationData]
}

/** @throws ProtocolError when an entry of `relations` is not a relation, or is one that cannot be replicated. */
export function requireRelation(name: string, relation: unknown): void {
  if (dataOf(relation) === undefined) {
    const text = `relations.${name} was not made by createRelation of bitecs, or is imported in a circle`
    throw new ProtocolError('bad-protocol', text)
  }
  const isA = (globalThis as { readonly [$isA]?: unknown })[$isA]
  if ($wildcard in (relation as object) || relation === isA) {
    const text = `relations.${name} is Wildcard or IsA: only relations of the game's own are replicated`
    throw new ProtocolError('bad-protocol', text)
  }
}

/** Whether an entity has at most one pair of the relation. */
export function isExclusive(relation: ReplicatedRelation): boolean {
  return dataOf(relation)?.exclusiveRelation === true
}

/** The line of a relation in the protocol's description. */
export function describeRelation(name: string, relation: ReplicatedRelation): string {
  const removes = dataOf(relation)?.autoRemoveSubject === true ? ' auto-remove-subject' : ''
  return `relation ${name} ${isExclusive(relation) ? 'exclusive' : 'many'}${removes}`
}
