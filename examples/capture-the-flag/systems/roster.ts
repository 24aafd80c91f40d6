// Gives joining clients a name, a team and a player, and removes the players of clients who leave.
// The names are a map on the game's entity, so late joiners receive them too.
import { hasComponent } from 'bitecs'
import { despawn, drain, removed, setPlayer } from 'bitecs-net'
import { Connected, Connection } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { Game, Join, Player } from '../protocol.js'
import { MAX_PLAYERS, NAME_LENGTH, TEAM_NAMES } from '../rules.js'
import { returnFlagsOf } from './flags.js'
import { spawnPlayer } from './spawn.js'
import { gameOf, teamOf } from './state.js'
import { putInTeam, smallerTeam } from './teams.js'
import { tidy } from './text.js'

/** Handles `Join` messages: adds a player for a new client, and renames one who plays already. */
export function admitPlayers(world: ServerWorld): void {
  for (const { sender, args } of drain(world, Join)) {
    // A client may send the message and disconnect within the same tick.
    if (!hasComponent(world, sender, Connected)) continue
    const id = Connection.id[sender]!
    const name = tidy(args.name, NAME_LENGTH) || `Player ${id}`
    const player = Connection.player[sender]!
    if (player === 0) admit(world, id, name, sender)
    else Game.people[gameOf(world)]!.set(id, { name, team: TEAM_NAMES[teamOf(player)] })
  }
}

/** Makes a player, owned by `connection` unless that is 0. In a full game it returns 0 and the client only watches. */
export function admit(world: ServerWorld, id: number, name: string, connection: number): number {
  const people = Game.people[gameOf(world)]!
  if (people.size >= MAX_PLAYERS) return 0
  const team = smallerTeam(world)
  people.set(id, { name, team: TEAM_NAMES[team] })
  const player = spawnPlayer(world, id, team)
  if (connection !== 0) setPlayer(world, connection, player)
  putInTeam(world, player, team)
  return player
}

/** Removes the players of connections that ended. Connection, player and flag still exist in this tick. */
export function releasePlayers(world: ServerWorld): void {
  for (const { entity: connection } of drain(world, removed(Connected))) {
    const player = Connection.player[connection]!
    if (player === 0) continue
    returnFlagsOf(world, player)
    Game.people[gameOf(world)]!.delete(Player.id[player]!)
    despawn(world, player)
  }
}
