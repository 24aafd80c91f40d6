// Who plays: players come, get a team and a name, are introduced to everyone, and leave.
import { addComponent, hasComponent, query } from 'bitecs'
import { added, despawn, drain, removed, sendMessage } from 'bitecs-net'
import { Connected, Connection, Ready } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Join, Player, PlayerInfo, PlayerJoined, PlayerLeft } from '../protocol.js'
import { NAME_LENGTH, type Team } from '../rules.js'
import { returnFlagsOf } from './flags.js'
import { spawnPlayer } from './spawn.js'
import { Profile } from './state.js'
import { tidy } from './text.js'

/** Tells a newcomer who everyone is: names are not part of the world's state, so they come as messages. */
export function introducePlayers(world: ServerWorld): void {
  for (const { entity: newcomer } of drain(world, added(Ready))) {
    for (const connection of query(world, [Connected, Profile])) introduce(world, connection, newcomer)
  }
}

/** Lets those who ask for it play, and gives those who play already the name they ask for. */
export function admitPlayers(world: ServerWorld): void {
  for (const { sender, args } of drain(world, Join)) {
    // Someone may ask and be gone within the same tick.
    if (!hasComponent(world, sender, Connected)) continue
    Profile.name[sender] = tidy(args.name, NAME_LENGTH) || `Player ${Connection.id[sender]}`
    if (hasComponent(world, sender, Profile)) {
      introduce(world, sender, 'ready')
      continue
    }
    addComponent(world, sender, Profile)
    spawnPlayer(world, sender, smallerTeam(world))
    introduce(world, sender, 'ready')
    sendMessage(world, PlayerJoined, { player: Connection.id[sender]! })
  }
}

/** Says who left. What they owned is still there for this tick; a game that needs it no longer may end it now. */
export function releasePlayers(world: ServerWorld): void {
  for (const { entity: connection, reason } of drain(world, removed(Connected))) {
    if (!hasComponent(world, connection, Profile)) continue
    const player = Connection.player[connection]!
    returnFlagsOf(world, player)
    despawn(world, player)
    sendMessage(world, PlayerLeft, { player: Connection.id[connection]!, lost: reason !== 'client-closed' })
  }
}

function introduce(world: ServerWorld, connection: number, to: number | 'ready'): void {
  const player = Connection.id[connection]!
  const team = Player.team[Connection.player[connection]!]!
  sendMessage(world, PlayerInfo, { player, team, name: Profile.name[connection]! }, { to })
}

function smallerTeam(world: ServerWorld): Team {
  let lead = 0
  for (const player of query(world, [Player])) lead += Player.team[player] === 0 ? 1 : -1
  return lead > 0 ? 1 : 0
}
