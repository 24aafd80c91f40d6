// Freezes and thaws players. `Frozen` is a replicated tag, so every client sees who is frozen.
import { addComponent, hasComponent, query, removeComponent } from 'bitecs'
import { serverTick } from 'bitecs-net'
import type { ServerWorld } from 'bitecs-net/server'
import { Frozen, Player } from '../protocol.js'
import { THAW_PROTECTION } from '../rules.js'
import { tickIn, Timers } from './state.js'

/** Freezes a player for `seconds`. A player who is already frozen for longer stays so. */
export function freeze(world: ServerWorld, player: number, seconds: number): void {
  const until = tickIn(world, seconds)
  const frozen = hasComponent(world, player, Frozen)
  Timers.thawAt[player] = frozen ? Math.max(until, Timers.thawAt[player]!) : until
  addComponent(world, player, Frozen)
}

/** Thaws players whose time is over and protects them from being frozen again at once. */
export function thawPlayers(world: ServerWorld): void {
  const now = serverTick(world)
  // Iterate over a copy: thawing a player changes the query's result.
  for (const player of [...query(world, [Player, Frozen])]) {
    if (Timers.thawAt[player]! > now) continue
    removeComponent(world, player, Frozen)
    Timers.protectedUntil[player] = tickIn(world, THAW_PROTECTION)
  }
}

export function canBeFrozen(world: ServerWorld, player: number): boolean {
  return !hasComponent(world, player, Frozen) && Timers.protectedUntil[player]! <= serverTick(world)
}
