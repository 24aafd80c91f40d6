// Chat: what one player says, everyone gets.
import { hasComponent } from 'bitecs'
import { drain, sendMessage } from 'bitecs-net'
import { Connected, Connection } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Chat, Say } from '../protocol.js'
import { CHAT_LENGTH } from '../rules.js'
import { Profile } from './state.js'
import { tidy } from './text.js'

/** Passes on what players say. */
export function relayChat(world: ServerWorld): void {
  for (const { sender, args } of drain(world, Say)) {
    if (!hasComponent(world, sender, Connected) || !hasComponent(world, sender, Profile)) continue
    const text = tidy(args.text, CHAT_LENGTH)
    if (text !== '') sendMessage(world, Chat, { player: Connection.id[sender]!, text })
  }
}
