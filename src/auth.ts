// Makes authenticators for a server in Node, as "bitecs-net/auth": a shared secret, and JSON Web Tokens.
import { createHash, createPublicKey, type JsonWebKey, KeyObject, timingSafeEqual } from 'node:crypto'
import type * as Jose from 'jose'
import { AuthenticationError, ConnectionError, UsageError } from './protocol/errors.js'
import { badOption, checkFunction, checkText, checkTexts } from './protocol/check-options.js'
import type { AuthenticationRequest, AuthenticationResult } from './world/server/authenticator.js'

/**
 * Admits every client whose token is the secret, or one of several while the secret is being changed. The comparison
 * takes as long for a wrong token as for a right one. Use it for a server among friends, or for a service that joins
 * another's game: anyone who has the secret can be any user.
 *
 * @throws UsageError when there is no secret, or one is empty.
 */
export function sharedSecret(
  secret: string | readonly string[],
): (request: Pick<AuthenticationRequest, 'token'>) => AuthenticationError | undefined {
  // An environment variable that is not set must not admit everybody.
  const secrets = [secret].flat()
  if (secrets.length === 0 || secrets.some((one) => typeof one !== 'string' || one === '')) {
    throw new UsageError('bad-option', 'a shared secret is a text that is not empty, or a list of such')
  }
  const hashes = secrets.map(sha256)
  return ({ token }) => {
    const hash = sha256(token)
    let matches = 0
    // Compares with every secret, so that the duration of the comparison reveals nothing.
    for (const one of hashes) matches += timingSafeEqual(one, hash) ? 1 : 0
    return matches > 0 ? undefined : new AuthenticationError('the secret is wrong')
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * The payload of a JSON Web Token (RFC 7519 §4.1, and claims that its issuer adds). Times are in seconds since 1970.
 */
export interface JwtPayload {
  iss?: string
  sub?: string
  aud?: string | string[]
  exp?: number
  nbf?: number
  iat?: number
  jti?: string
  [claim: string]: unknown
}

/** How tokens are checked. Exactly one of `secret`, `publicKey` and `jwksUrl` gives the key. */
export interface JwtOptions {
  /** The secret that signs and checks (HS256 and relatives), at least as long as the hash: 32 bytes for HS256. */
  secret?: string | Uint8Array
  /** The issuer's public key: PEM, a JSON Web Key, or a key of `node:crypto`. */
  publicKey?: string | JsonWebKey | KeyObject
  /**
   * The `https://` address where the issuer publishes its keys. They are fetched when needed, cached, and fetched again
   * when they change.
   */
  jwksUrl?: string | URL
  /**
   * The accepted algorithms; a token that is unsigned or signed in another way is refused. Default: HS256 for a secret,
   * all that fit a public key, and RS256, PS256, ES256 and EdDSA for `jwksUrl`.
   */
  algorithms?: readonly string[]
  /** The required issuer of the token: its claim `iss`. */
  issuer?: string | readonly string[]
  /** The required audience of the token: its claim `aud`. */
  audience?: string | readonly string[]
  /** Seconds by which the clocks of issuer and server may differ. Default 0. */
  clockTolerance?: number
  /** Claims that a token must have. Default `exp`: a token without it would be valid indefinitely. */
  requiredClaims?: readonly string[]
  /**
   * Makes the user data from the payload. It may answer like an authenticator: `deny(…)` refuses. Default: the payload
   * itself.
   */
  user?: (payload: JwtPayload) => AuthenticationResult | Promise<AuthenticationResult>
}

const SECRET_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
/** Algorithms by Node's names for the curves. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }
const JWKS_DEFAULT = ['RS256', 'PS256', 'ES256', 'EdDSA']
const JWKS_ALGORITHMS = [...RSA, 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** RFC 7518 §3.3. */
const SHORTEST_RSA = 2048

/**
 * Admits every client whose token is a JSON Web Token that its issuer signed, that has not expired, and that is meant
 * for this server. Refusals have the codes `token-expired` and `authentication-failed`. Needs the package `jose`.
 *
 * It checks the `token` option of `connect`. Tokens that a proxy or `authorize` checks are in the `Authorization`
 * header.
 *
 * @throws UsageError when there is not exactly one key, or key, algorithms and address do not fit together.
 */
export function jwt(
  options: JwtOptions,
): (request: Pick<AuthenticationRequest, 'token'>) => Promise<AuthenticationResult> {
  const { issuer, audience, clockTolerance = 0, requiredClaims = ['exp'], user = (payload) => payload } = options
  if (!(Number.isFinite(clockTolerance) && clockTolerance >= 0)) {
    throw badOption('clockTolerance', 'a number of seconds, at least 0', clockTolerance)
  }
  checkTexts('requiredClaims', requiredClaims)
  checkTextOrTexts('issuer', issuer)
  checkTextOrTexts('audience', audience)
  checkTexts('algorithms', options.algorithms)
  checkFunction('user', user)
  const { algorithms, find } = keyOf(options)
  const checks = {
    algorithms,
    clockTolerance,
    requiredClaims: [...requiredClaims],
    ...(issuer === undefined ? undefined : { issuer: typeof issuer === 'string' ? issuer : [...issuer] }),
    ...(audience === undefined ? undefined : { audience: typeof audience === 'string' ? audience : [...audience] }),
  }
  let loading: Promise<{ jose: typeof Jose; key: Key }> | undefined
  return async ({ token }) => {
    loading ??= load(find)
    const { jose, key } = await loading
    let payload: JwtPayload
    try {
      // `jwtVerify` has two overloads: one for a key, one for a function that finds it.
      const verified =
        typeof key === 'function' ? await jose.jwtVerify(token, key, checks) : await jose.jwtVerify(token, key, checks)
      payload = verified.payload
    } catch (error) {
      throw refusal(error)
    }
    return user(payload)
  }
}

/** An empty list would accept nobody, or everybody. */
function checkTextOrTexts(name: string, value: string | readonly string[] | undefined): void {
  if (Array.isArray(value)) {
    if (value.length === 0) throw badOption(name, 'a text or a list of texts', 'an empty list')
    checkTexts(name, value)
  } else checkText(name, value)
}

type Key = Uint8Array | KeyObject | ReturnType<typeof Jose.createRemoteJWKSet>

interface KeySource {
  readonly algorithms: string[]
  readonly find: (jose: typeof Jose) => Key
}

async function load(find: KeySource['find']): Promise<{ jose: typeof Jose; key: Key }> {
  let jose: typeof Jose
  try {
    jose = await import('jose')
  } catch (cause) {
    throw new ConnectionError('missing-dependency', 'jwt needs one more package: npm install jose', { cause })
  }
  return { jose, key: find(jose) }
}

function keyOf(options: JwtOptions): KeySource {
  const { secret, publicKey, jwksUrl } = options
  const given = [secret, publicKey, jwksUrl].filter((one) => one !== undefined).length
  if (given !== 1) throw badOption('jwt', 'given exactly one of secret, publicKey and jwksUrl', `${given} of them`)
  if (secret !== undefined) return secretKey(secret, options.algorithms)
  if (publicKey !== undefined) return asymmetricKey(publicKey, options.algorithms)
  return publishedKeys(jwksUrl!, options.algorithms)
}

function secretKey(secret: string | Uint8Array, algorithms: readonly string[] = ['HS256']): KeySource {
  const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  const chosen = chooseFrom(Object.keys(SECRET_BYTES), algorithms, 'a secret')
  const least = Math.max(...chosen.map((algorithm) => SECRET_BYTES[algorithm]!))
  if (!(key instanceof Uint8Array) || key.length < least) {
    const names = chosen.join(', ')
    const text = `secret needs at least ${least} bytes for ${names}; make one with: openssl rand -base64 ${least}`
    throw new UsageError('bad-option', text)
  }
  return { algorithms: chosen, find: () => key }
}

function asymmetricKey(publicKey: string | JsonWebKey | KeyObject, algorithms?: readonly string[]): KeySource {
  let key: KeyObject
  try {
    if (publicKey instanceof KeyObject && publicKey.type === 'public') key = publicKey
    else if (publicKey instanceof KeyObject || typeof publicKey === 'string') key = createPublicKey(publicKey)
    else key = createPublicKey({ key: publicKey, format: 'jwk' })
  } catch (cause) {
    const text = 'publicKey is a public key as PEM, as a JSON Web Key or of node:crypto; this one cannot be read'
    throw new UsageError('bad-option', text, { cause })
  }
  const possible = algorithmsOf(key)
  return { algorithms: chooseFrom(possible, algorithms ?? possible, 'this key'), find: () => key }
}

/**
 * The algorithms that a public key can verify. A token must not choose its own: that is a known way to forge tokens.
 */
function algorithmsOf(key: KeyObject): string[] {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  const kind = key.asymmetricKeyType
  if ((kind === 'rsa' || kind === 'rsa-pss') && modulusLength < SHORTEST_RSA) {
    throw new UsageError('bad-option', `publicKey has ${modulusLength} bits, an RSA key needs ${SHORTEST_RSA}`)
  }
  if (kind === 'rsa') return [...RSA]
  if (kind === 'rsa-pss') return RSA.filter((algorithm) => algorithm.startsWith('PS'))
  if (kind === 'ed25519') return ['EdDSA', 'Ed25519']
  const algorithm = CURVES[namedCurve]
  if (algorithm !== undefined) return [algorithm]
  throw new UsageError('bad-option', `no algorithm for tokens uses a public key of the kind ${kind} ${namedCurve}`)
}

function publishedKeys(address: string | URL, algorithms: readonly string[] = JWKS_DEFAULT): KeySource {
  let url: URL
  try {
    url = new URL(address)
  } catch (cause) {
    throw new UsageError('bad-option', `jwksUrl is an address with https://, got ${JSON.stringify(address)}`, { cause })
  }
  const isLocal = url.hostname === 'localhost' || url.hostname === '127.0.0.1' || url.hostname === '[::1]'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw badOption(
      'jwksUrl',
      'an address with https://, because anybody who can change the keys can pretend to be any user',
      url.href,
    )
  }
  const chosen = chooseFrom(JWKS_ALGORITHMS, algorithms, 'published keys')
  return { algorithms: chosen, find: (jose) => jose.createRemoteJWKSet(url) }
}

function chooseFrom(possible: readonly string[], algorithms: readonly string[], what: string): string[] {
  const wrong = algorithms.find((algorithm) => !possible.includes(algorithm))
  if (algorithms.length > 0 && wrong === undefined) return [...algorithms]
  throw badOption('algorithms', `a list of what ${what} can check (${possible.join(', ')})`, wrong ?? 'an empty list')
}

/** Errors of jose that are the token's fault. All others are the server's. */
const BAD_TOKEN = new Set([
  'ERR_JWS_INVALID',
  'ERR_JWT_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
])

/** The error to throw for an error of jose. */
function refusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (code === 'ERR_JWT_EXPIRED') return new AuthenticationError('the token has expired', 'token-expired')
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    const claim = 'claim' in error && typeof error.claim === 'string' ? error.claim : ''
    return new AuthenticationError(`the token is not accepted here: its claim ${claim}`)
  }
  return typeof code === 'string' && BAD_TOKEN.has(code) ? new AuthenticationError('the token is not valid') : error
}
