// Freezing: a frozen player carries a tag that every client sees, and loses it after a while.
import { addComponent, hasComponent, query, removeComponent } from 'bitecs'
import { serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Frozen, Player } from '../protocol.js'
import { THAW_PROTECTION } from '../rules.js'
import { tickIn, Timers } from './state.js'

/** Freezes a player for so many seconds from now, or longer when that was so already. */
export function freeze(world: ServerWorld, player: number, seconds: number): void {
  const until = tickIn(world, seconds)
  const frozen = hasComponent(world, player, Frozen)
  Timers.thawAt[player] = frozen ? Math.max(until, Timers.thawAt[player]!) : until
  addComponent(world, player, Frozen)
}

/** Frees those whose time is over, and keeps them from being frozen again at once. */
export function thawPlayers(world: ServerWorld): void {
  const now = serverTick(world)
  // A copy: thawing changes what the query shows.
  for (const player of [...query(world, [Player, Frozen])]) {
    if (Timers.thawAt[player]! > now) continue
    removeComponent(world, player, Frozen)
    Timers.protectedUntil[player] = tickIn(world, THAW_PROTECTION)
  }
}

export function canBeFrozen(world: ServerWorld, player: number): boolean {
  return !hasComponent(world, player, Frozen) && Timers.protectedUntil[player]! <= serverTick(world)
}
