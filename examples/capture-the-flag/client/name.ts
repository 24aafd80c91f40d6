// The name that the player goes by: from the address (`?name=Robin`), from earlier in this tab, or made up.
import { NAME_LENGTH } from '../rules.js'

const KEY = 'name'
const FIRST = ['Brave', 'Quick', 'Sly', 'Jolly', 'Swift', 'Lucky', 'Mighty', 'Witty']
const SECOND = ['Otter', 'Fox', 'Hare', 'Lynx', 'Owl', 'Seal', 'Wolf', 'Bear']

export function readName(): string {
  return sessionStorage.getItem(KEY) ?? writeName(new URLSearchParams(location.search).get('name') ?? makeUp())
}

/** Keeps a name for this tab; returns it as short as names are. */
export function writeName(wanted: string): string {
  const name = Array.from(wanted.trim()).slice(0, NAME_LENGTH).join('')
  sessionStorage.setItem(KEY, name)
  return name
}

function makeUp(): string {
  const pick = (words: readonly string[]): string => words[Math.floor(Math.random() * words.length)]!
  return `${pick(FIRST)} ${pick(SECOND)}`
}
