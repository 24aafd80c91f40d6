// Defines and checks the options of `listen`.
import type { Protocol } from '../protocol/protocol.js'
import type { WebRtcServerOptions } from '../transport/geckos/geckos-server.js'
import { Networks } from '../transport/signalling/addresses.js'
import { DEFAULT_HANDSHAKES, type HandshakeLimits } from '../transport/signalling/admission.js'
import type { CorsOptions } from '../transport/signalling/origins.js'
import type { Transport } from '../transport/transport.js'
import {
  badOption,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkText,
  checkTexts,
  namesOf,
} from '../protocol/check-options.js'
import { checkServeOptions } from '../world/server/check-serve-options.js'
import { SERVE_GROUPS, type ServeOptions } from '../world/server/serve-options.js'

/** How clients reach the server: the signalling, and WebRTC behind it. */
export type NetworkOptions = Pick<
  WebRtcServerOptions,
  | 'cors'
  | 'authorize'
  | 'authorizationTimeout'
  | 'trustProxy'
  | 'handshakes'
  | 'candidates'
  | 'iceServers'
  | 'portRange'
  | 'bindAddress'
>

/** Options of `listen`: where the server listens, and in groups whom it admits, for how long, and how much of what. */
export interface ListenOptions extends ServeOptions, Pick<WebRtcServerOptions, 'port' | 'host' | 'server'> {
  /** How clients reach the server. */
  network?: NetworkOptions
  /**
   * Opens the transport; called once. Use it to wrap `listenWebRtc`, or for a transport of your own, which then decides
   * what `port`, `host`, `server` and `network` mean. Default `listenWebRtc`.
   */
  transport?: OpenServerTransport
}

/** Opens a server's transport. Resolves when clients can reach it. */
export type OpenServerTransport = (options: WebRtcServerOptions) => Transport | Promise<Transport>

/** The names of the options in each group of {@link ListenOptions}. */
export const LISTEN_GROUPS = {
  ...SERVE_GROUPS,
  network: namesOf<NetworkOptions>({
    cors: true,
    authorize: true,
    authorizationTimeout: true,
    trustProxy: true,
    handshakes: true,
    candidates: true,
    iceServers: true,
    portRange: true,
    bindAddress: true,
  }),
}

/** The names of the other options of {@link ListenOptions}. */
const UNGROUPED = namesOf<Omit<ListenOptions, keyof typeof LISTEN_GROUPS>>({
  port: true,
  host: true,
  server: true,
  transport: true,
})

/** @throws UsageError that names an option that is unknown, out of range, or contradicts another. */
export function checkListenOptions(options: ListenOptions, protocol: Protocol): void {
  const { port, host, server } = options
  checkObject('the options of listen', options, [...Object.keys(LISTEN_GROUPS), ...UNGROUPED])
  checkInteger('port', port, 0, 65_535)
  checkText('host', host)
  if (server !== undefined && (typeof server !== 'object' || server === null || typeof server.on !== 'function')) {
    throw badOption('server', 'an HTTP server of Node', server)
  }
  checkFunction('transport', options.transport)
  checkServeOptions(options, protocol)
  checkNetwork(options.network)
}

/** @throws UsageError that names an option that is unknown or out of range. */
export function checkNetwork(network: NetworkOptions = {}): void {
  checkObject('network', network, LISTEN_GROUPS.network)
  checkCors(network.cors)
  checkFunction('network.authorize', network.authorize)
  checkMilliseconds('network.authorizationTimeout', network.authorizationTimeout)
  if (network.trustProxy !== undefined) checkNetworks('network.trustProxy', network.trustProxy)
  if (network.handshakes !== undefined) checkHandshakes(network.handshakes)
  checkCandidates(network.candidates)
  checkIceServers(network.iceServers)
  checkPortRange(network.portRange)
  checkText('network.bindAddress', network.bindAddress)
}

function checkCors(cors: CorsOptions | undefined): void {
  checkObject('network.cors', cors, ['origin', 'allowAuthorization'])
  checkBoolean('network.cors.allowAuthorization', cors?.allowAuthorization)
  const origin: unknown = cors?.origin
  if (origin !== undefined && typeof origin !== 'string' && typeof origin !== 'function') {
    throw badOption('network.cors.origin', 'a text or a function', origin)
  }
  if (typeof origin === 'string') checkOrigin(origin)
}

function checkCandidates(candidates: unknown): void {
  if (candidates === undefined || candidates === 'own' || candidates === 'all') return
  if (typeof candidates === 'function') return
  const name = 'network.candidates'
  if (!Array.isArray(candidates)) {
    throw badOption(name, "'own', 'all', a list of addresses and networks, or a function", candidates)
  }
  checkNetworks(name, candidates as readonly string[])
}

function checkPortRange(range: WebRtcServerOptions['portRange']): void {
  if (range === undefined) return
  const name = 'network.portRange'
  checkInteger(`${name}.min`, range?.min ?? NaN, 1, 65_535)
  checkInteger(`${name}.max`, range?.max ?? NaN, 1, 65_535)
  if (range.min > range.max) throw badOption(name, 'a range with min at most max', `${range.min}-${range.max}`)
}

/** Browsers send an origin without a path: any other text would refuse every page. */
function checkOrigin(origin: string): void {
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin
  if (origin !== '*' && !isOrigin)
    throw badOption('network.cors.origin', "'*' or an origin such as https://play.example.org", origin)
}

function checkIceServers(servers: unknown): void {
  if (servers === undefined) return
  if (!Array.isArray(servers)) throw badOption('network.iceServers', 'a list', servers)
  for (const server of servers as readonly unknown[]) {
    checkObject('each of network.iceServers', server ?? null, ['urls', 'username', 'credential', 'credentialType'])
    const { urls, username, credential } = server as { urls?: unknown; username?: unknown; credential?: unknown }
    if (Array.isArray(urls)) checkTexts('network.iceServers.urls', urls)
    else checkText('network.iceServers.urls', urls ?? null)
    checkText('network.iceServers.username', username)
    checkText('network.iceServers.credential', credential)
  }
}

function checkHandshakes(handshakes: HandshakeLimits): void {
  if (typeof handshakes !== 'object' || handshakes === null)
    throw badOption('network.handshakes', 'an object', handshakes)
  for (const [name, value] of Object.entries(handshakes) as [keyof HandshakeLimits, number | undefined][]) {
    if (!Object.hasOwn(DEFAULT_HANDSHAKES, name)) {
      throw badOption('network.handshakes', `an object of ${Object.keys(DEFAULT_HANDSHAKES).join(', ')}`, name)
    }
    if (name === 'perSecond' || name === 'addressPerSecond')
      checkNumber(`network.handshakes.${name}`, value, 0.1, 10_000)
    else checkInteger(`network.handshakes.${name}`, value, 1)
  }
}

function checkNetworks(name: string, value: readonly string[]): void {
  const range = "a list of addresses and networks, as in ['10.0.0.0/8']"
  if (!Array.isArray(value)) throw badOption(name, range, value)
  for (const entry of value) if (!isNetwork(entry)) throw badOption(name, range, entry)
}

function isNetwork(entry: string): boolean {
  try {
    new Networks().add(entry)
    return true
  } catch {
    return false
  }
}
