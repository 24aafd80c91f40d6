// Puts players into teams. Each team is a group of connections for its chat; players choose a team by request.
import { query } from 'bitecs'
import { drain } from 'bitecs-net'
import { group, joinGroup, leaveGroup } from 'bitecs-net/groups'
import { refuse, reply } from 'bitecs-net/requests'
import { Networked } from 'bitecs-net/components'
import type { ServerWorld } from 'bitecs-net/server'
import { ChooseTeam, Game, Player } from '../protocol.js'
import { otherTeam, type Team, TEAM_LEAD, TEAM_NAMES } from '../rules.js'
import { gameOf, hasPerson, isInLobby, teamOf } from './state.js'

const GROUPS = TEAM_NAMES.map((name) => group(name))

/** Returns the send target for all connections of a team. */
export function groupOf(team: Team): { readonly group: string } {
  return GROUPS[team]!
}

/** Answers requests to change to a team. */
export function chooseTeams(world: ServerWorld): void {
  for (const { entity: player, args, id } of drain(world, ChooseTeam)) {
    const team = TEAM_NAMES.indexOf(args.team) as Team
    if (!isInLobby(world)) refuse(world, id, 'playing')
    else if (isFull(world, player, team)) refuse(world, id, 'full')
    else {
      putInTeam(world, player, team)
      reply(world, id, { team: args.team })
    }
  }
}

/** Puts a player into a team: in its components, in the list of names, and in the team's group. */
export function putInTeam(world: ServerWorld, player: number, team: Team): void {
  const people = Game.people[gameOf(world)]!
  const id = Player.id[player]!
  Player.team[player] = team
  people.set(id, { name: people.get(id)?.name ?? '', team: TEAM_NAMES[team] })
  if (!hasPerson(player)) return
  leaveGroup(world, Networked.owner[player]!, TEAM_NAMES[otherTeam(team)])
  joinGroup(world, Networked.owner[player]!, TEAM_NAMES[team])
}

export function smallerTeam(world: ServerWorld): Team {
  return sizeOf(world, 0) > sizeOf(world, 1) ? 1 : 0
}

/** Whether the team would be too large if this player changed to it. */
function isFull(world: ServerWorld, player: number, team: Team): boolean {
  if (teamOf(player) === team) return false
  return sizeOf(world, team) + 1 - (sizeOf(world, otherTeam(team)) - 1) > TEAM_LEAD
}

function sizeOf(world: ServerWorld, team: Team): number {
  return query(world, [Player]).filter((player) => Player.team[player] === team).length
}
