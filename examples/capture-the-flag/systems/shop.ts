// Answers shop requests with the coins that are left, or refuses them with a reason.
import { addComponent, hasComponent, query, removeComponent } from 'bitecs'
import { drain, serverTick } from 'bitecs-net'
import { refuse, reply } from 'bitecs-net/requests'
import type { ServerWorld } from 'bitecs-net/server'
import { Buy, Icy, Player, Swift } from '../protocol.js'
import { type Item, ITEMS } from '../rules.js'
import { isPlaying, tickIn, Timers } from './state.js'

/** The component that each item adds to its buyer, and the timer that ends it. */
const EFFECTS = {
  boots: { state: Swift, until: Timers.bootsUntil },
  ice: { state: Icy, until: Timers.iceUntil },
} as const

/** Sells items to players who can pay and do not have the item yet. */
export function sellItems(world: ServerWorld): void {
  for (const { entity: player, args, id } of drain(world, Buy)) {
    const { price, seconds } = ITEMS[args.item]
    const { state, until } = EFFECTS[args.item]
    if (!isPlaying(world) || hasComponent(world, player, state)) {
      refuse(world, id, 'not-now')
      continue
    }
    if (Player.coins[player]! < price) {
      refuse(world, id, 'too-poor')
      continue
    }
    Player.coins[player]! -= price
    until[player] = tickIn(world, seconds)
    addComponent(world, player, state)
    reply(world, id, { coins: Player.coins[player]! })
  }
}

/** Removes items whose time is over. */
export function wearOut(world: ServerWorld): void {
  for (const item of Object.keys(EFFECTS) as Item[]) {
    const { state, until } = EFFECTS[item]
    // Iterate over a copy: removing a component changes the query's result.
    for (const player of [...query(world, [Player, state])]) {
      if (until[player]! <= serverTick(world)) removeComponent(world, player, state)
    }
  }
}
