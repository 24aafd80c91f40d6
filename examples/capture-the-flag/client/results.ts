// Shows the results: the winning team, and each player's captures and coins.
import { query } from 'bitecs'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { Game, Player } from '../protocol.js'
import { type Team, TEAM_NAMES } from '../rules.js'
import { element, setHidden, setList, setText, textElement } from './page-elements.js'
import { nameOf, type View } from './view.js'

export interface Results {
  readonly show: System<ClientWorld>
}

interface Row {
  readonly name: string
  readonly team: Team
  readonly captures: number
  readonly coins: number
  readonly own: boolean
}

export function createResults(view: View): Results {
  const panel = element('results')
  return {
    show(world) {
      const { result } = view
      const isShown = view.status === 'playing' && view.scene === 'results' && result !== undefined
      setHidden(panel, !isShown)
      if (!isShown) return
      panel.dataset['team'] = `${result.winner}`
      setText(element('results-title'), `${TEAM_NAMES[result.winner]} wins`)
      setText(element('results-score'), `${result.blue} : ${result.orange}`)
      setList(element('results-rows'), rowsOf(world), rowElement)
      const [game] = query(world, [Game])
      setText(element('results-next'), game === undefined ? '' : `Back to the lobby in ${Game.countdown[game]!}`)
    },
  }
}

function rowsOf(world: ClientWorld): Row[] {
  const [me] = query(world, [LocalPlayer])
  const players = [...query(world, [Player])]
  players.sort((a, b) => Player.captures[b]! - Player.captures[a]! || Player.coins[b]! - Player.coins[a]!)
  return players.map((player) => ({
    name: nameOf(world, Player.id[player]!).text,
    team: Player.team[player] as Team,
    captures: Player.captures[player]!,
    coins: Player.coins[player]!,
    own: player === me,
  }))
}

function rowElement({ name, team, captures, coins, own }: Row): HTMLElement {
  const row = textElement('tr', '', own ? 'own' : '')
  row.dataset['team'] = `${team}`
  row.append(textElement('td', name), textElement('td', `${captures}`), textElement('td', `${coins}`))
  return row
}
