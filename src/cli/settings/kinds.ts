// Defines the kinds of values of settings: each is read from text, for options and the environment, or from JSON.
import { isIP } from 'node:net'
import { Networks } from '../../transport/signalling/addresses.js'

/** A kind of value. `undefined` means that a value is not of the kind. */
export interface Kind<T> {
  /** The accepted values, as in "port is …". */
  readonly expects: string
  /** Whether it may hold credentials: errors then leave out its text. */
  readonly isSecret?: boolean
  /** Reads a value of the command line or the environment. */
  fromText(text: string): T | undefined
  /** Reads a value of a file. */
  fromJson(value: unknown): T | undefined
}

/** Whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): Kind<number> {
  const accept = (value: number): number | undefined =>
    Number.isInteger(value) && value >= least && value <= most ? value : undefined
  return {
    expects: `a whole number from ${least} to ${most}`,
    fromText: (text) => (/^\d+$/.test(text) ? accept(Number(text)) : undefined),
    fromJson: (value) => (typeof value === 'number' ? accept(value) : undefined),
  }
}

/** Numbers from `least` to `most`, with a fraction or without. */
export function number(least: number, most: number): Kind<number> {
  const accept = (value: number): number | undefined => (value >= least && value <= most ? value : undefined)
  return {
    expects: `a number from ${least} to ${most}`,
    fromText: (text) => (/^\d+(\.\d+)?$/.test(text) ? accept(Number(text)) : undefined),
    fromJson: (value) => (typeof value === 'number' ? accept(value) : undefined),
  }
}

/** Steps per second that the loop can run, from 1 to 1,000. */
export const rate: Kind<number> = {
  expects: 'a number from 1 to 1000, per second',
  fromText: (text) => (text.trim() === '' ? undefined : rate.fromJson(Number(text))),
  fromJson: (value) => (isRate(value) ? value : undefined),
}

/** Whether a value is a number of steps per second that the loop can run. */
export function isRate(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= 1000
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
/** One day. */
const LONGEST_MS = 86_400_000

/** Writes a time with its unit: `60s`, `24h`. */
function writeTime(milliseconds: number): string {
  const [unit, length] = Object.entries(UNITS).findLast(([, one]) => milliseconds % one === 0 && milliseconds >= one)!
  return `${milliseconds / length}${unit}`
}

/**
 * A time from `least` to `most` milliseconds, by default up to a day. It always has a unit, so that seconds and
 * milliseconds cannot be confused. `least` is 0 where zero makes sense.
 */
export function duration(least: number, most = LONGEST_MS): Kind<number> {
  const fromText = (text: string): number | undefined => {
    if (text === '0') return least === 0 ? 0 : undefined
    const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
    if (digits === undefined || unit === undefined) return undefined
    const milliseconds = Number(digits) * UNITS[unit]!
    return milliseconds >= least && milliseconds <= most ? milliseconds : undefined
  }
  const range = least > 1 ? `from ${writeTime(least)} to ${writeTime(most)}` : `of at most ${writeTime(most)}`
  return {
    expects: `a time with its unit, such as 500ms, 30s or 2m, ${range}${least === 0 ? ', or 0' : ''}`,
    fromText,
    fromJson: (value) => (value === 0 ? fromText('0') : typeof value === 'string' ? fromText(value) : undefined),
  }
}

/** A text that is not empty. `expects` describes it. */
export function nonEmpty(expects: string): Kind<string> {
  const accept = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined
  return { expects, fromText: accept, fromJson: accept }
}

/** A text for players, not empty, of at most `most` bytes. */
export function message(most: number): Kind<string> {
  const accept = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= most ? value : undefined
  return { expects: `a text of 1 to ${most} bytes`, fromText: accept, fromJson: accept }
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const accept = (value: unknown): T | undefined => words.find((word) => word === value)
  return { expects: `one of ${words.join(', ')}`, fromText: accept, fromJson: accept }
}

/** An address of this machine that sockets can bind to. */
export const ipAddress: Kind<string> = {
  expects: 'an IP address',
  fromText: (value) => (isIP(value) === 0 ? undefined : value),
  fromJson: (value) => (typeof value === 'string' ? ipAddress.fromText(value) : undefined),
}

/** The origin of the pages that may connect. */
export const origin: Kind<string> = {
  expects: 'an origin such as https://play.example.org, or *',
  fromText: (value) => (value === '*' || isOrigin(value) ? value : undefined),
  fromJson: (value) => (typeof value === 'string' ? origin.fromText(value) : undefined),
}

/** A server's address. A slash at its end is taken off. */
export const serverAddress: Kind<string> = {
  expects: 'an address such as http://127.0.0.1:9208',
  fromText: (value) =>
    URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value.replace(/\/+$/, '') : undefined,
  fromJson: (value) => (typeof value === 'string' ? serverAddress.fromText(value) : undefined),
}

function isOrigin(value: string): boolean {
  const { origin: found, protocol } = URL.canParse(value) ? new URL(value) : { origin: '', protocol: '' }
  return /^https?:$/.test(protocol) && found === value && !value.includes('*')
}

/** UDP ports, as `10000-10999`. */
export const portRange: Kind<{ min: number; max: number }> = {
  expects: 'two ports from 1 to 65535 with the lower one first, such as 10000-10999',
  fromText: (value) => {
    const [, low, high] = /^(\d+)-(\d+)$/.exec(value) ?? []
    const min = Number(low)
    const max = Number(high)
    return min >= 1 && min <= max && max <= 65_535 ? { min, max } : undefined
  },
  fromJson: (value) => (typeof value === 'string' ? portRange.fromText(value) : undefined),
}

/** Addresses and networks, separated by commas. */
export const networks: Kind<string[]> = {
  expects: 'addresses and networks such as 10.0.0.0/8,::1 with commas between them, or a JSON array of them',
  fromText: (value) => networks.fromJson(value.split(',').map((entry) => entry.trim())),
  fromJson: (value) => (Array.isArray(value) && value.length > 0 && value.every(isNetwork) ? value : undefined),
}

function isNetwork(entry: unknown): entry is string {
  try {
    new Networks().add(entry as string)
    return typeof entry === 'string'
  } catch {
    return false
  }
}

/** The addresses of a client that the server may send packets to. */
export const candidates: Kind<'own' | 'all' | string[]> = {
  expects: `own, all, or ${networks.expects}`,
  fromText: (value) => (value === 'own' || value === 'all' ? value : networks.fromText(value)),
  fromJson: (value) => (value === 'own' || value === 'all' ? value : networks.fromJson(value)),
}

/** A STUN or TURN server. */
export interface IceServerSetting {
  urls: string | string[]
  username?: string
  credential?: string
}

/** STUN and TURN servers: their addresses separated by commas, or the JSON that browsers use. */
export const iceServers: Kind<IceServerSetting[]> = {
  isSecret: true,
  expects:
    'addresses such as stun:stun.example.org:3478 with commas between them, ' +
    'or a JSON array of { urls, username, credential }',
  fromText: (value) => {
    if (!value.trimStart().startsWith('[')) return iceServers.fromJson(value.split(',').map((urls) => ({ urls })))
    try {
      return iceServers.fromJson(JSON.parse(value))
    } catch {
      return undefined
    }
  },
  fromJson: (value) => (Array.isArray(value) && value.every(isIceServer) ? value : undefined),
}

function isIceServer(value: unknown): value is IceServerSetting {
  if (typeof value !== 'object' || value === null) return false
  const { urls, username, credential, ...others } = value as Record<string, unknown>
  const addresses = [urls].flat()
  const isAddress = (url: unknown): boolean => typeof url === 'string' && /^(stun|turn|turns):\S+$/.test(url)
  const isOptional = (part: unknown): boolean => part === undefined || typeof part === 'string'
  return (
    addresses.length > 0 &&
    addresses.every(isAddress) &&
    isOptional(username) &&
    isOptional(credential) &&
    Object.keys(others).length === 0
  )
}
