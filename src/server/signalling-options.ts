// Checks what `listen` was told of the signalling: limits, proxies, candidates, pages.
import type { GeckosServerOptions } from '../transport/geckos-server.js'
import { Networks } from '../transport/signalling/addresses.js'
import { DEFAULT_HANDSHAKES, type HandshakeLimits } from '../transport/signalling/admission.js'
import { badOption, checkInteger, checkNumber } from '../world/check-options.js'

type SignallingOptions = Pick<GeckosServerOptions, 'trustProxy' | 'handshakes' | 'candidates' | 'cors'>

/** @throws UsageError when an option is out of range. */
export function checkSignalling({ trustProxy, handshakes, candidates, cors }: SignallingOptions): void {
  if (trustProxy !== undefined) checkNetworks('trustProxy', trustProxy)
  if (handshakes !== undefined) checkHandshakes(handshakes)
  const origin: unknown = cors?.origin
  if (origin !== undefined && typeof origin !== 'string' && typeof origin !== 'function') {
    throw badOption('cors.origin', 'a text or a function', origin)
  }
  if (candidates === undefined || candidates === 'own' || candidates === 'all' || typeof candidates === 'function')
    return
  if (!Array.isArray(candidates)) {
    throw badOption('candidates', "'own', 'all', a list of addresses and networks, or a function", candidates)
  }
  checkNetworks('candidates', candidates as readonly string[])
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
