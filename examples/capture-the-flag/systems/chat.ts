// Relays chat messages to everyone, or to the group of the sender's team.
import { drain, sendMessage } from 'bitecs-net'
import { Connection } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Chat, Player, Say } from '../protocol.js'
import { CHAT_LENGTH } from '../rules.js'
import { teamOf } from './state.js'
import { groupOf } from './teams.js'
import { tidy } from './text.js'

/** Relays the messages that players sent. */
export function relayChat(world: ServerWorld): void {
  for (const { sender, args } of drain(world, Say)) {
    const player = Connection.player[sender]!
    const text = tidy(args.text, CHAT_LENGTH)
    if (player === 0 || text === '') continue
    const to = args.team ? groupOf(teamOf(player)) : 'ready'
    sendMessage(world, Chat, { player: Player.id[player]!, text, team: args.team }, { to })
  }
}
