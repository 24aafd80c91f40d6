// Checks the signalling options of `listen`: limits, proxies, candidates, pages.
import type { GeckosServerOptions } from '../transport/geckos/geckos-server.js'
import { Networks } from '../transport/signalling/addresses.js'
import { DEFAULT_HANDSHAKES, type HandshakeLimits } from '../transport/signalling/admission.js'
import {
  badOption,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkObject,
  checkText,
  checkTexts,
} from '../world/check-options.js'

type SignallingOptions = Pick<
  GeckosServerOptions,
  'trustProxy' | 'handshakes' | 'candidates' | 'cors' | 'iceServers' | 'host' | 'bindAddress' | 'server'
>

/** @throws UsageError when an option is out of range. */
export function checkSignalling(options: SignallingOptions): void {
  const { trustProxy, handshakes, candidates, cors, server } = options
  checkText('host', options.host)
  checkText('bindAddress', options.bindAddress)
  if (server !== undefined && (typeof server !== 'object' || server === null || typeof server.on !== 'function')) {
    throw badOption('server', 'an HTTP server of Node', server)
  }
  checkIceServers(options.iceServers)
  if (trustProxy !== undefined) checkNetworks('trustProxy', trustProxy)
  if (handshakes !== undefined) checkHandshakes(handshakes)
  checkObject('cors', cors, ['origin', 'allowAuthorization'])
  checkBoolean('cors.allowAuthorization', cors?.allowAuthorization)
  const origin: unknown = cors?.origin
  if (origin !== undefined && typeof origin !== 'string' && typeof origin !== 'function') {
    throw badOption('cors.origin', 'a text or a function', origin)
  }
  if (typeof origin === 'string') checkOrigin(origin)
  if (candidates === undefined || candidates === 'own' || candidates === 'all' || typeof candidates === 'function')
    return
  if (!Array.isArray(candidates)) {
    throw badOption('candidates', "'own', 'all', a list of addresses and networks, or a function", candidates)
  }
  checkNetworks('candidates', candidates as readonly string[])
}

/** Browsers send an origin without a path: any other text would refuse every page. */
function checkOrigin(origin: string): void {
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin
  if (origin !== '*' && !isOrigin)
    throw badOption('cors.origin', "'*' or an origin such as https://play.example.org", origin)
}

function checkIceServers(servers: unknown): void {
  if (servers === undefined) return
  if (!Array.isArray(servers)) throw badOption('iceServers', 'a list', servers)
  for (const server of servers as readonly unknown[]) {
    checkObject('each of iceServers', server ?? null, ['urls', 'username', 'credential', 'credentialType'])
    const { urls, username, credential } = server as { urls?: unknown; username?: unknown; credential?: unknown }
    if (Array.isArray(urls)) checkTexts('iceServers.urls', urls)
    else checkText('iceServers.urls', urls ?? null)
    checkText('iceServers.username', username)
    checkText('iceServers.credential', credential)
  }
}

function checkHandshakes(handshakes: HandshakeLimits): void {
  if (typeof handshakes !== 'object' || handshakes === null) throw badOption('handshakes', 'an object', handshakes)
  for (const [name, value] of Object.entries(handshakes) as [keyof HandshakeLimits, number | undefined][]) {
    if (!Object.hasOwn(DEFAULT_HANDSHAKES, name)) {
      throw badOption('handshakes', `an object of ${Object.keys(DEFAULT_HANDSHAKES).join(', ')}`, name)
    }
    if (name === 'perSecond' || name === 'addressPerSecond') checkNumber(`handshakes.${name}`, value, 0.1, 10_000)
    else checkInteger(`handshakes.${name}`, value, 1)
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
