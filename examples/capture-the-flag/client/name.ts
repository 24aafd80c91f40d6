// Picks the player's name: the one kept for this tab, the one in the address (`?name=Robin`), or a random one.
import { NAME_LENGTH } from '../rules.js'

const KEY = 'name'
const FIRST = ['Brave', 'Quick', 'Sly', 'Jolly', 'Swift', 'Lucky', 'Mighty', 'Witty']
const SECOND = ['Otter', 'Fox', 'Hare', 'Lynx', 'Owl', 'Seal', 'Wolf', 'Bear']

export function readName(): string {
  return sessionStorage.getItem(KEY) ?? writeName(new URLSearchParams(location.search).get('name') ?? makeUp())
}

/** Trims a name to the allowed length, keeps it for this tab and returns it. */
export function writeName(wanted: string): string {
  const name = Array.from(wanted.trim()).slice(0, NAME_LENGTH).join('')
  sessionStorage.setItem(KEY, name)
  return name
}

function makeUp(): string {
  const pick = (words: readonly string[]): string => words[Math.floor(Math.random() * words.length)]!
  return `${pick(FIRST)} ${pick(SECOND)}`
}
