// Lists every setting of `serve` in one table, from which options, environment and file are read.
import { LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS, MAX_REASON_BYTES } from '../../protocol/limits.js'
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

/** The TCP port that `serve` listens on and `bots` connect to by default. */
export const DEFAULT_PORT = 9208

interface Setting<T> {
  readonly kind: Kind<T>
  /** The placeholder for the value in `--help`. */
  readonly value: string
  readonly about: string
  /** The one-letter form of the option. */
  readonly short?: string
  /** The heading in `--help` above the option; options without one are listed first. */
  readonly group?: string
}

function setting<T>(kind: Kind<T>, value: string, about: string, short?: string): Setting<T> {
  return { kind, value, about, short }
}

/** Puts settings under one heading of `--help`. */
function grouped<T extends Readonly<Record<string, Setting<unknown>>>>(group: string, settings: T): T {
  return Object.fromEntries(Object.entries(settings).map(([name, each]) => [name, { ...each, group }])) as T
}

const ADDRESS = nonEmpty('an address or a host name of this machine')

/** The settings that most servers need. With `--config` they are the ten that `serve --help` shows first. */
const COMMON = {
  port: setting(
    wholeNumber(0, 65_535),
    'port',
    `TCP port for the page and signalling; 0 picks a free one (default: ${DEFAULT_PORT})`,
    'p',
  ),
  host: setting(ADDRESS, 'address', 'address to listen on (default: all)'),
  static: setting(nonEmpty('a folder'), 'folder', 'folder of static files to serve: the web page of the game'),
  tickRate: setting(rate, 'rate', "ticks per second (default: the game module's tickRate, else 20)"),
  maxConnections: setting(wholeNumber(1, 65_535), 'count', 'maximum number of connected clients (default: 1024)'),
  corsOrigin: setting(origin, 'origin', 'web origin whose pages may connect (default: any)'),
  tlsCert: setting(
    nonEmpty('a file'),
    'file',
    'PEM file with the certificate and its intermediates; enables https; SIGHUP reloads it',
  ),
  tlsKey: setting(nonEmpty('a file'), 'file', 'PEM file with the private key of the certificate'),
  logLevel: setting(oneOf(...LOG_LEVELS), 'level', `lowest level to log: ${LOG_LEVELS.join(', ')} (default: info)`),
}

const CONNECTIONS = grouped('Connections and timeouts:', {
  timeout: setting(duration(1), 'time', 'time without packets before a client counts as disconnected (default: 3s)'),
  stalledAfter: setting(
    duration(LEAST_STALLED_AFTER_MS, LONGEST_STALLED_AFTER_MS),
    'time',
    'time without a game tick before a client is marked Stalled (default: 2s)',
  ),
  resumeTime: setting(
    duration(0, 3_600_000),
    'time',
    'time that an interrupted session is kept for the client to resume (default: 10s)',
  ),
  interruptedPerAddress: setting(
    wholeNumber(1, 65_535),
    'count',
    'maximum interrupted sessions kept per address; above it, the oldest ends (default: 256)',
  ),
  handshakeTimeout: setting(duration(1), 'time', 'time for a new client to send its hello (default: 5s)'),
  authorizationTimeout: setting(duration(1), 'time', "time for the game's authorize to answer (default: 5s)"),
  authenticationTimeout: setting(duration(1), 'time', "time for the game's authenticate to answer (default: 5s)"),
  sceneTimeout: setting(duration(1), 'time', 'time for a client to load a scene (default: 60s)'),
  duplicateUsers: setting(
    oneOf('allow', 'refuse-new', 'close-old'),
    'action',
    'when a user connects twice (needs userKey in the game): allow, refuse-new or close-old (default: allow)',
  ),
})

const LIMITS = grouped('Limits per client:', {
  maxBytesPerSecond: setting(
    wholeNumber(1000, 1_000_000_000),
    'bytes',
    'maximum outgoing bytes per second (default: 4194304)',
  ),
  spawnBytesPerTick: setting(
    wholeNumber(256, 1_000_000_000),
    'bytes',
    'maximum bytes of spawned entities sent per tick (default: 32768)',
  ),
  inboundPacketsPerSecond: setting(
    wholeNumber(10, 1_000_000),
    'count',
    'maximum packets received per second on each channel (default: 2000)',
  ),
  inboundBytesPerSecond: setting(
    wholeNumber(1000, 1_000_000_000),
    'bytes',
    'maximum bytes of packets received per second, at least the limit for calls (default: 1048576)',
  ),
  inboundCallsPerSecond: setting(
    wholeNumber(1, 1_000_000),
    'count',
    'maximum calls and messages received per second (default: 2000)',
  ),
  inboundCallBytesPerSecond: setting(
    wholeNumber(1000, 1_000_000_000),
    'bytes',
    'maximum bytes of calls and messages received per second (default: 131072)',
  ),
  errorBudgetBurst: setting(
    number(1, 1_000_000),
    'points',
    'protocol errors of one kind allowed at once before the client is disconnected (default: 16)',
  ),
  errorBudgetPerSecond: setting(
    number(0, 1_000_000),
    'points',
    'protocol errors of one kind forgiven per second (default: 1)',
  ),
  unknownCalls: setting(
    oneOf('count', 'close'),
    'action',
    'when a client sends a call that clients may not send: count it or close (default: count)',
  ),
})

const ADMISSION = grouped('Admission and signalling:', {
  trustProxy: setting(networks, 'networks', 'proxies whose X-Forwarded-For header is trusted (default: none)'),
  candidates: setting(
    candidates,
    'networks',
    "addresses that a client may receive packets at: own (its request's), all, or these as well (default: own)",
  ),
  handshakesPerSecond: setting(wholeNumber(1, 10_000), 'count', 'maximum new connections per second (default: 50)'),
  maxConnecting: setting(
    wholeNumber(1, 65_535),
    'count',
    'maximum clients that are connecting at the same time (default: 512)',
  ),
  addressPerSecond: setting(
    wholeNumber(1, 10_000),
    'count',
    'maximum new connections per second and address (default: 10)',
  ),
  addressBurst: setting(
    wholeNumber(1, 10_000),
    'count',
    'maximum burst of new connections from one address (default: 256)',
  ),
  addressConnecting: setting(
    wholeNumber(1, 65_535),
    'count',
    'maximum clients of one address that are connecting at the same time (default: 64)',
  ),
  addressClients: setting(wholeNumber(1, 65_535), 'count', 'maximum connected clients per address (default: 256)'),
})

const NETWORK = grouped('UDP and ICE:', {
  portRange: setting(
    portRange,
    'from-to',
    'UDP ports to choose from, such as 10000-10010; one port serves all clients (default: any)',
  ),
  bindAddress: setting(ipAddress, 'address', 'address to bind UDP to (default: all)'),
  iceServers: setting(iceServers, 'addresses', 'STUN and TURN servers, separated by commas or as JSON (default: none)'),
})

const OPERATIONS = grouped('Shutdown, metrics and log:', {
  drainTime: setting(duration(0), 'time', 'on SIGTERM, time that connected clients may play on (default: 0)'),
  drainText: setting(message(MAX_REASON_BYTES), 'text', 'text that players receive when draining begins'),
  metricsPort: setting(wholeNumber(0, 65_535), 'port', 'TCP port for /metrics, /healthz and /readyz (default: none)'),
  metricsHost: setting(ADDRESS, 'address', 'address that the metrics port listens on (default: 127.0.0.1)'),
  logFormat: setting(
    oneOf(...LOG_FORMATS),
    'format',
    'pretty (human-readable) or json (default: pretty on a terminal, else json)',
  ),
})

/** Every setting of `serve`, in the order of `--help`. */
export const SETTINGS = {
  ...COMMON,
  ...CONNECTIONS,
  ...LIMITS,
  ...ADMISSION,
  ...NETWORK,
  ...OPERATIONS,
} satisfies Readonly<Record<string, Setting<unknown>>>

export type SettingName = keyof typeof SETTINGS

/** The settings that have a value. */
export type Settings = {
  -readonly [K in SettingName]?: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never
}

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** The heading of `--help` above a setting, if any. */
export function settingGroup(name: SettingName): string | undefined {
  const { group }: Setting<unknown> = SETTINGS[name]
  return group
}

/** The option of a setting: `--max-connections`. */
export function optionName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The environment variable of a setting: `BITECS_NET_MAX_CONNECTIONS`. */
export function variableName(name: string): string {
  return `BITECS_NET_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}
