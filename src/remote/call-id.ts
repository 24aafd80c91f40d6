// Makes the numbers in `call.id`, and reads what they contain.
//
// Each call that may be answered has a separate number, from 1 on, above three bits that describe it. So a verb that
// gets an id knows its side, and recognises a number that was never a request's, without a table of all calls.
import type { Command, TargetRpc } from '../protocol/definitions.js'
import type { Schema } from '../protocol/types/schema.js'

declare const $answers: unique symbol

/** The number of a call that may be answered with `reply` or `refuse`, now or ticks later. */
export type CallId<R extends Schema = Schema, Reason extends string = string> = number & {
  readonly [$answers]: { readonly returns: R; readonly refuses: Reason }
}

/** The {@link CallId} of the calls of one definition: `CallIdOf<typeof Buy>`. */
export type CallIdOf<D extends Command | TargetRpc> = D extends {
  readonly returns: infer R extends Schema
  readonly refuses: readonly (infer Reason extends string)[] | undefined
}
  ? CallId<R, Reason>
  : never

/** The call is of a definition with `returns`. */
const ANSWERABLE = 1
/** The call arrived at a client. */
const AT_CLIENT = 2
/** The call was a request: the sender waited for the answer when it arrived. */
const AWAITED = 4
const FLAG_BITS = 3

/** The two sides of a game. */
export type Side = 'server' | 'client'

/** The id of an answerable call; `count` is a whole number from 1. */
export function makeCallId(count: number, side: Side, awaited: boolean): number {
  const flags = ANSWERABLE | (side === 'client' ? AT_CLIENT : 0) | (awaited ? AWAITED : 0)
  return ((count << FLAG_BITS) | flags) >>> 0
}

/** The id of a call without an answer. */
export function makePlainId(count: number): number {
  return (count << 1) >>> 0
}

export function isAnswerable(id: number): boolean {
  return (id & ANSWERABLE) !== 0
}

export function wasAwaited(id: number): boolean {
  return (id & (ANSWERABLE | AWAITED)) === (ANSWERABLE | AWAITED)
}

export function sideOfId(id: number): Side {
  return (id & AT_CLIENT) === 0 ? 'server' : 'client'
}
