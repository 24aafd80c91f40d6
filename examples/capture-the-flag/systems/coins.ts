// Adds coins to players for hits, tags and captures. They spend them in the shop.
import { Player } from '../protocol.js'
import { COINS } from '../rules.js'

export function earn(player: number, coins: number): void {
  Player.coins[player] = Math.min(COINS.most, Player.coins[player]! + coins)
}
