// Shows scores, names, the feed and the state of the connection in plain HTML elements around the field.
import { hasComponent, query } from 'bitecs'
import { connectionOf } from 'bitecs-net'
import type { ClientWorld, System } from 'bitecs-net/client'
import { Connection, Interrupted, Loading, LocalPlayer } from 'bitecs-net/components'
import { Game, Player, SCORES } from '../protocol.js'
import type { Team } from '../rules.js'
import { element, setHidden, setList, setText, textElement } from './page-elements.js'
import { type Announcement, type FeedPart, nameOf, type View } from './view.js'

const SHOWN_LINES = 6

export interface Hud {
  /** Updates the elements whose content has changed. */
  readonly show: System<ClientWorld>
}

/** Calls `retry` when the player presses the button to connect again. */
export function createHud(view: View, retry: () => void): Hud {
  const scores = [element('blue-score'), element('orange-score')] as const
  const rosters = [element('blue-roster'), element('orange-roster')] as const
  let shownLines = 0
  element('retry').addEventListener('click', retry)

  function show(world: ClientWorld): void {
    document.body.dataset['scene'] = view.scene
    const [game] = query(world, [Game])
    for (const team of [0, 1] as const) {
      setText(scores[team], game === undefined ? '–' : `${SCORES[team][game]!}`)
      setList(rosters[team], rosterOf(world, team), rosterElement)
    }
    const roundTrip = Connection.roundTrip[connectionOf(world)]!
    setText(element('ping'), view.status === 'playing' && roundTrip >= 1 ? `${roundTrip.toFixed(0)} ms` : '')
    showAnnouncement(element('banner'), view.banner)
    showAnnouncement(element('notice'), view.notice)
    showFeed(element('feed'), view.feedLines - shownLines)
    shownLines = view.feedLines
    showOverlay(world)
  }

  /** Covers the field with the state of the connection while the player cannot play. */
  function showOverlay(world: ClientWorld): void {
    const overlay = element('overlay')
    const connection = connectionOf(world)
    const status = statusOf(world, connection)
    setHidden(overlay, status === 'playing')
    overlay.dataset['status'] = status
    setText(element('overlay-title'), TITLES[status])
    setText(element('overlay-reason'), view.reason)
    const progress = status === 'loading' ? Connection.progress[connection]! : 0
    element('progress').style.width = `${Math.round(progress * 100)}%`
    showRetry(view.status === 'ended')
  }

  function statusOf(world: ClientWorld, connection: number): keyof typeof TITLES {
    if (view.status !== 'playing') return view.status
    if (hasComponent(world, connection, Interrupted)) return 'interrupted'
    return view.scene === 'none' || hasComponent(world, connection, Loading) ? 'loading' : 'playing'
  }

  function showRetry(wanted: boolean): void {
    const button = element('retry')
    if (button.hidden !== wanted) return
    button.hidden = !wanted
    // Focus the button, so that pressing Enter is enough to reconnect.
    if (wanted) button.focus()
    else button.blur()
  }

  function showFeed(list: HTMLElement, news: number): void {
    if (news === 0) return
    list.append(...view.feed.slice(-news).map(lineElement))
    while (list.childElementCount > SHOWN_LINES) list.firstElementChild!.remove()
  }

  return { show }
}

const TITLES = {
  connecting: 'Connecting…',
  interrupted: 'Reconnecting…',
  loading: 'Loading',
  playing: '',
  ended: 'Disconnected',
} as const

interface RosterEntry {
  readonly name: string
  readonly captures: number
  readonly own: boolean
}

function rosterOf(world: ClientWorld, team: Team): RosterEntry[] {
  const members = [...query(world, [Player])].filter((player) => Player.team[player] === team)
  members.sort((a, b) => Player.captures[b]! - Player.captures[a]! || Player.id[a]! - Player.id[b]!)
  const own = query(world, [LocalPlayer])[0]
  return members.map((player) => ({
    name: nameOf(world, Player.id[player]!).text,
    captures: Player.captures[player]!,
    own: player === own,
  }))
}

function rosterElement({ name, captures, own }: RosterEntry): HTMLElement {
  const item = textElement('li', name, own ? 'own' : '')
  if (captures > 0) item.dataset['captures'] = `${captures}`
  return item
}

function showAnnouncement(box: HTMLElement, announcement: Announcement | undefined): void {
  const current = announcement !== undefined && announcement.until > performance.now() ? announcement : undefined
  box.classList.toggle('shown', current !== undefined)
  if (current === undefined) return
  box.dataset['team'] = `${current.team ?? ''}`
  setText(box.querySelector('strong')!, current.title)
  setText(box.querySelector('span')!, current.detail)
}

function lineElement(parts: readonly FeedPart[]): HTMLElement {
  const line = document.createElement('li')
  for (const { text, team } of parts) {
    const part = textElement('span', text)
    if (team !== undefined) part.dataset['team'] = `${team}`
    line.append(part)
  }
  return line
}
