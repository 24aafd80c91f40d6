// Shows the lobby: the player's name, the members of both teams, and the buttons to choose a team and get ready.
import { query } from 'bitecs'
import { sendCommand, sendMessage } from 'bitecs-net'
import { refusalOf, request } from 'bitecs-net/requests'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { ChooseTeam, Game, GetReady, Join, Player } from '../protocol.js'
import { NAME_LENGTH, type Team, TEAM_NAMES, type TeamName } from '../rules.js'
import { readName, writeName } from './name.js'
import { element, setHidden, setList, setText, textElement } from './page-elements.js'
import { nameOf, type View } from './view.js'

const REFUSALS = {
  full: 'That team has enough players already',
  playing: 'The match has begun',
} as const

export interface Lobby {
  readonly show: System<ClientWorld>
}

export function createLobby(world: ClientWorld, view: View): Lobby {
  const panel = element('lobby')
  const play = element<HTMLButtonElement>('play')
  const name = element<HTMLInputElement>('name')
  const note = element('lobby-note')
  const lists = [element('lobby-blue'), element('lobby-orange')] as const
  name.maxLength = NAME_LENGTH
  name.value = readName()
  name.addEventListener('change', () => sendMessage(world, Join, { name: writeName(name.value) }))
  for (const team of TEAM_NAMES) {
    element(`join-${team.toLowerCase()}`).addEventListener('click', () => void choose(team))
  }
  play.addEventListener('click', () => {
    play.blur()
    const me = ownPlayer(world)
    if (me !== undefined) sendCommand(world, me, GetReady, { ready: Player.ready[me] === 0 })
  })

  async function choose(team: TeamName): Promise<void> {
    const me = ownPlayer(world)
    if (me === undefined) return
    try {
      const answer = await request(world, me, ChooseTeam, { team })
      setText(note, `You play for ${answer.team}`)
    } catch (error) {
      const reason = refusalOf(error, ChooseTeam)
      setText(note, reason === undefined ? 'No answer' : REFUSALS[reason])
    }
  }

  function show(): void {
    const isShown = view.status === 'playing' && view.scene === 'lobby'
    setHidden(panel, !isShown)
    if (!isShown) return
    const me = ownPlayer(world)
    for (const team of [0, 1] as const) setList(lists[team], membersOf(world, team, me), memberElement)
    const isReady = me !== undefined && Player.ready[me] === 1
    play.disabled = me === undefined
    play.setAttribute('aria-pressed', `${isReady}`)
    setText(play, isReady ? 'Ready ✓' : 'Play')
    setText(element('countdown'), countdown(world))
  }

  return { show }
}

interface Member {
  readonly name: string
  readonly ready: boolean
  readonly own: boolean
}

function membersOf(world: ClientWorld, team: Team, me: number | undefined): Member[] {
  return [...query(world, [Player])]
    .filter((player) => Player.team[player] === team)
    .sort((a, b) => Player.id[a]! - Player.id[b]!)
    .map((player) => ({
      name: nameOf(world, Player.id[player]!).text,
      ready: Player.ready[player] === 1,
      own: player === me,
    }))
}

function memberElement({ name, ready, own }: Member): HTMLElement {
  const item = textElement('li', name, own ? 'own' : '')
  item.dataset['ready'] = `${ready}`
  return item
}

function countdown(world: ClientWorld): string {
  const [game] = query(world, [Game])
  const seconds = game === undefined ? 0 : Game.countdown[game]!
  return seconds === 0 ? 'The match begins when you press Play' : `The match begins in ${seconds}`
}

function ownPlayer(world: ClientWorld): number | undefined {
  return query(world, [LocalPlayer, Player])[0]
}
