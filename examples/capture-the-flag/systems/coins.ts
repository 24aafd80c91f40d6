// Coins: earned by hits, tags and captures, spent in the shop.
import { Player } from '../protocol.js'
import { COINS } from '../rules.js'

export function earn(player: number, coins: number): void {
  Player.coins[player] = Math.min(COINS.most, Player.coins[player]! + coins)
}
