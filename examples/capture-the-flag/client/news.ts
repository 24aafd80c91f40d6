// What the server tells: messages become lines, banners and bubbles; RPCs and lifecycle events become effects.
import { hasComponent } from 'bitecs'
import { added, connectionOf, drain, removed } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Connected, Connection, LocalPlayer, Networked } from 'bitecs-net/components'
import {
  Ball,
  Burst,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  MatchOver,
  MatchStarted,
  Player,
  PlayerInfo,
  PlayerJoined,
  PlayerLeft,
  Position,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
} from '../protocol.js'
import { BASES, otherTeam, type Team, TEAM_NAMES } from '../rules.js'
import { CONFETTI, ICE, SNOW, TEAM_COLORS } from './colors.js'
import { addLine, type Announcement, flagOf, nameOf, type View } from './view.js'

const BANNER_MS = 3500
const NOTICE_MS = 2500
const BUBBLE_MS = 3000

/** Who is here, and what they say. */
export function readPeople(world: ClientWorld, view: View): void {
  for (const { args } of drain(world, PlayerInfo)) {
    view.people.set(args.player, { name: args.name, team: args.team as Team })
  }
  for (const { args } of drain(world, PlayerJoined)) {
    const team = view.people.get(args.player)?.team ?? 0
    addLine(view, nameOf(view, args.player), { text: ` joined ${TEAM_NAMES[team]}` })
  }
  for (const { args } of drain(world, Chat)) {
    addLine(view, nameOf(view, args.player), { text: `: ${args.text}` })
    view.bubbles.set(args.player, { text: args.text, until: performance.now() + BUBBLE_MS })
  }
  for (const { args } of drain(world, PlayerLeft)) {
    const how = args.lost ? ' lost the connection' : ' left'
    addLine(view, nameOf(view, args.player), { text: how })
    view.people.delete(args.player)
    view.bubbles.delete(args.player)
  }
}

/** How the match goes. */
export function readMatch(world: ClientWorld, view: View): void {
  for (const { args } of drain(world, FlagTaken)) {
    addLine(view, nameOf(view, args.player), { text: ' took the ' }, flagOf(args.flag as Team))
  }
  for (const { args } of drain(world, FlagDropped)) {
    addLine(view, nameOf(view, args.player), { text: ' lost the ' }, flagOf(args.flag as Team))
  }
  for (const { args } of drain(world, FlagReturned)) {
    const flag = flagOf(args.flag as Team)
    if (args.player === 0) addLine(view, { text: 'The ' }, flag, { text: ' is back home' })
    else addLine(view, nameOf(view, args.player), { text: ' brought the ' }, flag, { text: ' back' })
  }
  for (const { args } of drain(world, FlagCaptured)) {
    const team = args.team as Team
    const who = nameOf(view, args.player)
    const flag = flagOf(otherTeam(team))
    addLine(view, who, { text: ' captured the ' }, flag, { text: '!' })
    view.banner = announce(`${TEAM_NAMES[team]} scores`, `${who.text} captured the ${flag.text}`, team, BANNER_MS)
    view.particles.confetti(BASES[team].x, BASES[team].y, CONFETTI[team])
    view.particles.ring(BASES[team].x, BASES[team].y, TEAM_COLORS[team].base, 7)
  }
  for (const { args } of drain(world, MatchOver)) {
    const team = args.winner as Team
    addLine(view, { text: TEAM_NAMES[team], team }, { text: ` won the match ${args.blue} : ${args.orange}` })
    const detail = `${args.blue} : ${args.orange} · the next match begins in ${args.pause} seconds`
    view.banner = announce(`${TEAM_NAMES[team]} wins`, detail, team, args.pause * 1000)
  }
  for (const { args } of drain(world, MatchStarted)) {
    addLine(view, { text: 'A new match begins' })
    view.banner = announce('Go!', `first to ${args.capturesToWin} captures`, undefined, BANNER_MS / 2)
  }
}

/** What happens to entities that everyone sees, and to one's own. */
export function readEffects(world: ClientWorld, view: View): void {
  const me = Connection.player[connectionOf(world)]!
  for (const { args } of drain(world, Burst)) {
    view.particles.burst(args.x, args.y, args.hit ? ICE : SNOW, args.hit ? 26 : 14, args.hit ? 9 : 6)
  }
  for (const { entity: victim, args } of drain(world, Tagged)) {
    const color = TEAM_COLORS[Player.team[victim] as Team].base
    view.particles.burst(args.x, args.y, color, 24, 9)
    view.particles.ring(args.x, args.y, color, 3)
    if (args.by === me)
      view.notice = announce('Tagged!', `${nameAt(view, victim)} is back at the base`, undefined, NOTICE_MS)
  }
  for (const { args } of drain(world, YouWereFrozen)) {
    view.notice = announce('Frozen', `by ${nameAt(view, args.by)}`, undefined, NOTICE_MS)
    view.shake = 1
  }
  for (const { args } of drain(world, YouWereTagged)) {
    view.notice = announce('Tagged', `by ${nameAt(view, args.by)} · back to the base`, undefined, NOTICE_MS)
    view.shake = 1
  }
}

/** Who and what comes and goes. */
export function readLifecycle(world: ClientWorld, view: View): void {
  for (const { entity } of drain(world, added(Networked))) {
    if (hasComponent(world, entity, Ball)) view.particles.burst(Position.x[entity]!, Position.y[entity]!, SNOW, 5, 3)
    if (hasComponent(world, entity, Player)) {
      const { base } = TEAM_COLORS[Player.team[entity] as Team]
      view.particles.ring(Position.x[entity]!, Position.y[entity]!, base, 2.5)
    }
  }
  for (const { entity } of drain(world, added(LocalPlayer))) {
    const team = Player.team[entity] as Team
    const goal = `bring the ${flagOf(otherTeam(team)).text} to your base`
    view.banner = announce(`You play for ${TEAM_NAMES[team]}`, goal, team, BANNER_MS)
  }
  for (const _ of drain(world, added(Connected))) view.status = 'playing'
  for (const { entity: connection } of drain(world, removed(Connected))) {
    view.status = 'ended'
    view.reason = Connection.reason[connection]?.text ?? 'the connection was lost'
    view.people.clear()
    view.bubbles.clear()
  }
}

function nameAt(view: View, player: number): string {
  return player === 0 ? 'someone' : nameOf(view, Player.id[player]!).text
}

function announce(title: string, detail: string, team: Team | undefined, milliseconds: number): Announcement {
  return { title, detail, team, until: performance.now() + milliseconds }
}
