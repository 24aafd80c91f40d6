// Drains messages and RPCs from the server: messages become feed lines, banners and bubbles, RPCs become effects.
import { query } from 'bitecs'
import { connectionOf, drain, transitions } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Connected, Connection } from 'bitecs-net/components'
import {
  Burst,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Game,
  MatchOver,
  type Person,
  Player,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
} from '../protocol.js'
import { BASES, otherTeam, type Team, TEAM_NAMES } from '../rules.js'
import { CONFETTI, ICE, SNOW, TEAM_COLORS } from './colors.js'
import { addLine, announce, type FeedPart, flagOf, nameOf, type View } from './view.js'

const BANNER_MS = 3500
const NOTICE_MS = 2500
const BUBBLE_MS = 3000

/** Reports players who join, leave or change their name or team, and shows chat messages. */
export function readPeople(world: ClientWorld, view: View): void {
  const game = query(world, [Game])[0]
  if (game !== undefined) comparePeople(view, new Map(Game.people[game]!))
  for (const { args } of drain(world, Chat)) {
    const to = args.team ? ' to the team: ' : ': '
    addLine(view, nameOf(world, args.player), { text: `${to}${args.text}` })
    view.bubbles.set(args.player, { text: args.text, team: args.team, until: performance.now() + BUBBLE_MS })
  }
}

/** Compares with the previous frame, so that a player who leaves while a scene loads is reported too. */
function comparePeople(view: View, people: ReadonlyMap<number, Person>): void {
  const { people: before = people } = view
  for (const [id, person] of before) if (!people.has(id)) addLine(view, partOf(person), { text: ' left' })
  for (const [id, person] of people) {
    const known = before.get(id)
    if (known === undefined) addLine(view, partOf(person), { text: ` joined ${person.team}` })
    else if (known.team !== person.team) addLine(view, partOf(person), { text: ` plays for ${person.team}` })
    else if (known.name !== person.name) addLine(view, partOf(known), { text: ' is now ' }, partOf(person))
  }
  view.people = people
}

function partOf({ name, team }: Readonly<Person>): FeedPart {
  return { text: name, team: TEAM_NAMES.indexOf(team) as Team }
}

/** Reports flags that are taken, lost, returned or captured, and the end of the match. */
export function readMatch(world: ClientWorld, view: View): void {
  for (const { args } of drain(world, FlagTaken)) {
    addLine(view, nameOf(world, args.player), { text: ' took the ' }, flagOf(args.flag as Team))
  }
  for (const { args } of drain(world, FlagDropped)) {
    addLine(view, nameOf(world, args.player), { text: ' lost the ' }, flagOf(args.flag as Team))
  }
  for (const { args } of drain(world, FlagReturned)) {
    const flag = flagOf(args.flag as Team)
    if (args.player === 0) addLine(view, { text: 'The ' }, flag, { text: ' is back home' })
    else addLine(view, nameOf(world, args.player), { text: ' brought the ' }, flag, { text: ' back' })
  }
  for (const { args } of drain(world, FlagCaptured)) {
    const team = args.team as Team
    const who = nameOf(world, args.player)
    const flag = flagOf(otherTeam(team))
    addLine(view, who, { text: ' captured the ' }, flag, { text: '!' })
    view.banner = announce(`${TEAM_NAMES[team]} scores`, `${who.text} captured the ${flag.text}`, team, BANNER_MS)
    view.particles.confetti(BASES[team].x, BASES[team].y, CONFETTI[team])
    view.particles.ring(BASES[team].x, BASES[team].y, TEAM_COLORS[team].base, 7)
  }
  for (const { args } of drain(world, MatchOver)) {
    const team = args.winner as Team
    addLine(view, { text: TEAM_NAMES[team], team }, { text: ` won the match ${args.blue} : ${args.orange}` })
    view.banner = announce(`${TEAM_NAMES[team]} wins`, `${args.blue} : ${args.orange}`, team, BANNER_MS)
  }
}

/** Shows the client RPCs about entities that everyone sees, and the target RPCs about the player's own entity. */
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
      view.notice = announce('Tagged!', `${nameAt(world, victim)} is back at the base`, undefined, NOTICE_MS)
  }
  for (const { args } of drain(world, YouWereFrozen)) {
    view.notice = announce('Frozen', `by ${nameAt(world, args.by)}`, undefined, NOTICE_MS)
    view.shake = 1
  }
  for (const { args } of drain(world, YouWereTagged)) {
    view.notice = announce('Tagged', `by ${nameAt(world, args.by)} · back to the base`, undefined, NOTICE_MS)
    view.shake = 1
  }
}

/** Follows the connection: `Connected` is added when the client is admitted and removed when the connection ends. */
export function readConnection(world: ClientWorld, view: View): void {
  for (const { kind, entity: connection } of drain(world, transitions(Connected))) {
    if (kind === 'added') {
      view.status = 'playing'
      continue
    }
    view.status = 'ended'
    view.reason = Connection.reason[connection]?.text ?? 'the connection was lost'
    view.scene = 'none'
    view.bubbles.clear()
  }
}

function nameAt(world: ClientWorld, player: number): string {
  return player === 0 ? 'someone' : nameOf(world, Player.id[player]!).text
}
