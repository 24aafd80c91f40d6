// Everything around the field: scores, names, feed, chat, and what the connection does. Plain elements of the page.
import { query } from 'bitecs'
import { connectionOf } from 'bitecs-net'
import type { ClientWorld, System } from 'bitecs-net/client'
import { Connection, LocalPlayer } from 'bitecs-net/components'
import { Match, Player, SCORES } from '../protocol.js'
import { CHAT_LENGTH, type Team } from '../rules.js'
import { type Announcement, type FeedPart, nameOf, type View } from './view.js'

const SHOWN_LINES = 6

export interface HudActions {
  /** The player wrote something. */
  readonly say: (text: string) => void
  /** The player wants to connect again. */
  readonly retry: () => void
}

export interface Hud {
  /** Shows what has changed. */
  readonly show: System<ClientWorld>
}

export function createHud(view: View, actions: HudActions): Hud {
  const scores = [element('blue-score'), element('orange-score')] as const
  const rosters = [element('blue-roster'), element('orange-roster')] as const
  const overlay = element('overlay')
  const chat = element<HTMLInputElement>('chat')
  let shownLines = 0
  chat.maxLength = CHAT_LENGTH
  element('retry').addEventListener('click', actions.retry)
  listenToChat(chat, actions)

  function show(world: ClientWorld): void {
    const [match] = query(world, [Match])
    for (const team of [0, 1] as const) {
      setText(scores[team], match === undefined ? '–' : `${SCORES[team][match]!}`)
      showRoster(rosters[team], world, view, team)
    }
    const roundTrip = Connection.roundTrip[connectionOf(world)]!
    setText(element('ping'), view.status === 'playing' && roundTrip > 0 ? `${roundTrip.toFixed(0)} ms` : '')
    showAnnouncement(element('banner'), view.banner)
    showAnnouncement(element('notice'), view.notice)
    showFeed(element('feed'), view.feedLines - shownLines)
    shownLines = view.feedLines
    overlay.hidden = view.status === 'playing'
    overlay.dataset['status'] = view.status
    setText(element('overlay-title'), view.status === 'ended' ? 'Disconnected' : 'Connecting…')
    setText(element('overlay-reason'), view.reason)
    showRetry(view.status === 'ended')
  }

  function showRetry(wanted: boolean): void {
    const retry = element('retry')
    if (retry.hidden !== wanted) return
    retry.hidden = !wanted
    // So that Enter is enough.
    if (wanted) retry.focus()
  }

  function showFeed(list: HTMLElement, news: number): void {
    if (news === 0) return
    list.append(...view.feed.slice(-news).map(lineElement))
    while (list.childElementCount > SHOWN_LINES) list.firstElementChild!.remove()
  }

  return { show }
}

/** Enter opens the line and sends it, Escape leaves it. */
function listenToChat(chat: HTMLInputElement, actions: HudActions): void {
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') chat.blur()
    if (event.key !== 'Enter' || event.isComposing) return
    if (document.activeElement !== chat) {
      // A button with the focus is pressed by Enter.
      if (document.activeElement instanceof HTMLButtonElement) return
      event.preventDefault()
      chat.focus()
      return
    }
    const text = chat.value.trim()
    chat.value = ''
    chat.blur()
    if (text !== '') actions.say(text)
  })
}

function showRoster(list: HTMLElement, world: ClientWorld, view: View, team: Team): void {
  const members = [...query(world, [Player])].filter((player) => Player.team[player] === team)
  members.sort((a, b) => Player.captures[b]! - Player.captures[a]! || Player.id[a]! - Player.id[b]!)
  const own = query(world, [LocalPlayer])[0]
  const entries = members.map((player) => ({
    name: nameOf(view, Player.id[player]!).text,
    captures: Player.captures[player]!,
    own: player === own,
  }))
  const key = JSON.stringify(entries)
  if (list.dataset['key'] === key) return
  list.dataset['key'] = key
  list.replaceChildren(
    ...entries.map(({ name, captures, own: isOwn }) => {
      const item = document.createElement('li')
      item.textContent = name
      item.classList.toggle('own', isOwn)
      if (captures > 0) item.dataset['captures'] = `${captures}`
      return item
    }),
  )
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
    const part = document.createElement('span')
    // As text, never as markup: names and chat are other people's.
    part.textContent = text
    if (team !== undefined) part.dataset['team'] = `${team}`
    line.append(part)
  }
  return line
}

/** Touches the page only when there is something new: a write costs layout, a read does not. */
function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}
