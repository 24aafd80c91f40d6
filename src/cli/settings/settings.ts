// What an operator may set: one table, from which the options, the environment and the file are read.
import { MAX_REASON_BYTES } from '../../protocol/limits.js'
import { LOG_FORMATS, LOG_LEVELS } from '../log.js'
import {
  candidates,
  duration,
  iceServers,
  ipAddress,
  type Kind,
  networks,
  message,
  number,
  oneOf,
  origin,
  portRange,
  rate,
  wholeNumber,
  nonEmpty,
} from './kinds.js'

/** Where a server listens, and bots look for it, when nothing else is said. */
export const DEFAULT_PORT = 9208

interface Setting<T> {
  readonly kind: Kind<T>
  /** What stands for the value in the help. */
  readonly value: string
  readonly about: string
  /** A letter of its own. */
  readonly short?: string
}

function setting<T>(kind: Kind<T>, value: string, about: string, short?: string): Setting<T> {
  return { kind, value, about, short }
}

/** Every setting of `serve`, in the order of its help. */
export const SETTINGS = {
  port: setting(
    wholeNumber(0, 65_535),
    'port',
    `TCP port of page and signalling; 0 takes a free one (default: ${DEFAULT_PORT})`,
    'p',
  ),
  host: setting(nonEmpty('an address of this machine, or its name'), 'address', 'address to listen on (default: all)'),
  static: setting(nonEmpty('a folder'), 'folder', 'folder to serve beside the signalling: the page of the game'),
  tickRate: setting(rate, 'rate', 'ticks per second (default: what the game says, else 20)'),
  corsOrigin: setting(origin, 'origin', 'the pages that may connect (default: all)'),
  tlsCert: setting(
    nonEmpty('a file'),
    'file',
    'certificate, with those between it and the root, as PEM: serves https; SIGHUP reads it anew',
  ),
  tlsKey: setting(nonEmpty('a file'), 'file', 'its private key, as PEM'),

  maxConnections: setting(wholeNumber(1, 65_535), 'count', 'clients at once (default: 1024)'),
  timeout: setting(duration(1), 'time', 'silence after which a client counts as gone (default: 3s)'),
  stalledAfter: setting(
    duration(1000, 60_000),
    'time',
    'how long a game that stands still may answer, until its client shows as stalled (default: 2s)',
  ),
  resumeTime: setting(
    duration(0, 3_600_000),
    'time',
    'how long the session of a client whose line broke is kept (default: 10s)',
  ),
  interruptedPerAddress: setting(
    wholeNumber(1, 65_535),
    'count',
    'sessions of one address that are kept so; of more, the oldest ends (default: 256)',
  ),
  handshakeTimeout: setting(duration(1), 'time', 'what a client has to say hello (default: 5s)'),
  authorizationTimeout: setting(duration(1), 'time', "what the game's authorize may take (default: 5s)"),
  authenticationTimeout: setting(duration(1), 'time', "what the game's authenticate may take (default: 5s)"),
  sceneTimeout: setting(duration(1), 'time', 'what a client may take to load a scene (default: 60s)'),
  maxBytesPerSecond: setting(
    wholeNumber(1000, 1_000_000_000),
    'bytes',
    'what one client is sent at most (default: 4194304)',
  ),
  spawnBytesPerTick: setting(
    wholeNumber(256, 1_000_000_000),
    'bytes',
    'spawns that one client is sent in a tick at most (default: 32768)',
  ),
  duplicateUsers: setting(
    oneOf('allow', 'refuse-new', 'close-old'),
    'what',
    'a user who comes twice, where the game says who is who: allow, refuse-new or close-old (default: allow)',
  ),
  unknownCalls: setting(
    oneOf('count', 'close'),
    'what',
    'calls that no client may send: count or close (default: count)',
  ),
  inboundPacketsPerSecond: setting(
    wholeNumber(10, 1_000_000),
    'count',
    'packets that one client may send on each channel (default: 2000)',
  ),
  inboundBytesPerSecond: setting(
    wholeNumber(1000, 1_000_000_000),
    'bytes',
    'bytes of them, no fewer than those of calls (default: 1048576)',
  ),
  inboundCallsPerSecond: setting(
    wholeNumber(1, 1_000_000),
    'count',
    'calls and messages that one client may send (default: 2000)',
  ),
  inboundCallBytesPerSecond: setting(wholeNumber(1000, 1_000_000_000), 'bytes', 'bytes of them (default: 131072)'),
  errorBudgetBurst: setting(
    number(1, 1_000_000),
    'points',
    'what of each kind that no honest client sends a client may send at once, until it is closed (default: 16)',
  ),
  errorBudgetPerSecond: setting(number(0, 1_000_000), 'points', 'how much of it is forgiven per second (default: 1)'),

  trustProxy: setting(networks, 'networks', 'the proxies in front of it, whose X-Forwarded-For counts (default: none)'),
  candidates: setting(
    candidates,
    'networks',
    "addresses of clients that packets are sent to: own (the request's), all, or these too (default: own)",
  ),
  handshakesPerSecond: setting(wholeNumber(1, 10_000), 'count', 'connections made per second (default: 50)'),
  maxConnecting: setting(wholeNumber(1, 65_535), 'count', 'clients that may be connecting at once (default: 512)'),
  addressPerSecond: setting(
    wholeNumber(1, 10_000),
    'count',
    'connections that one address may begin per second (default: 10)',
  ),
  addressBurst: setting(
    wholeNumber(1, 10_000),
    'count',
    'connections that it may begin at once, after a pause (default: 256)',
  ),
  addressConnecting: setting(
    wholeNumber(1, 65_535),
    'count',
    'clients of one address that may be connecting at once (default: 64)',
  ),
  addressClients: setting(wholeNumber(1, 65_535), 'count', 'clients of one address at once (default: 256)'),

  portRange: setting(
    portRange,
    'from-to',
    'UDP ports; the first that is free serves all clients, as in 10000-10000 (default: any)',
  ),
  bindAddress: setting(ipAddress, 'address', 'address that UDP binds to (default: all)'),
  iceServers: setting(
    iceServers,
    'addresses',
    'STUN and TURN servers, with commas between them, or as JSON (default: none)',
  ),

  drainTime: setting(
    duration(0),
    'time',
    'on SIGTERM, how long those who play may go on before it closes (default: 0)',
  ),
  drainText: setting(message(MAX_REASON_BYTES), 'text', 'what players are told meanwhile'),
  metricsPort: setting(wholeNumber(0, 65_535), 'port', 'TCP port of /metrics, /healthz and /readyz (default: none)'),
  metricsHost: setting(
    nonEmpty('an address of this machine, or its name'),
    'address',
    'address that they listen on (default: 127.0.0.1)',
  ),
  logLevel: setting(oneOf(...LOG_LEVELS), 'level', `what to log: ${LOG_LEVELS.join(', ')} (default: info)`),
  logFormat: setting(
    oneOf(...LOG_FORMATS),
    'format',
    'pretty for people, json for machines (default: pretty on a terminal)',
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>

export type SettingName = keyof typeof SETTINGS

/** The values that were given. */
export type Settings = {
  -readonly [K in SettingName]?: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never
}

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** The option of a setting: `--max-connections`. */
export function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The environment variable of a setting: `BITECS_NET_MAX_CONNECTIONS`. */
export function variableName(name: string): string {
  return `BITECS_NET_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}
