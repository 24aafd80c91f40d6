// JSON Web Tokens: what is accepted, what is refused and with which words, and what cannot be set up.
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { drain, NetworkErrors, UsageError } from 'bitecs-net'
import { type AuthenticationResult, deny, userOf } from 'bitecs-net/users'
import { jwt, type JwtOptions } from 'bitecs-net/auth'
import { createTestNetwork } from 'bitecs-net/testing'
import { type JWTPayload, SignJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { arena } from '../../support/arena.js'
import { until } from '../../support/until.js'

const SECRET = 'a secret of thirty-two bytes, no less'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string

const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0)) await action()
})

function sign(
  payload: JWTPayload,
  key: KeyObject | Uint8Array = new TextEncoder().encode(SECRET),
  alg = 'HS256',
  kid?: string,
): Promise<string> {
  return new SignJWT({ exp: now() + 60, ...payload }).setProtectedHeader({ alg, ...(kid ? { kid } : {}) }).sign(key)
}

const now = (): number => Math.floor(Date.now() / 1000)

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What an authenticator answers, or throws: for a refusal its code and text. */
async function answer(options: JwtOptions, token: string): Promise<unknown> {
  try {
    return await jwt(options)({ token })
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`
  }
}

const INVALID = 'authentication-failed: the token is not valid'

describe('a token', () => {
  it('signed with the secret lets in, and its payload is the user data', async () => {
    const token = await sign({ sub: 'ann', level: 7 })
    const payload = await answer({ secret: SECRET }, token)
    expect(payload).toMatchObject({ sub: 'ann', level: 7 })
  })

  it.each<[string, KeyObject, KeyObject, string]>([
    ['RS256', rsa.privateKey, rsa.publicKey, 'RS256'],
    ['PS384', rsa.privateKey, rsa.publicKey, 'PS384'],
    ['ES256', ec.privateKey, ec.publicKey, 'ES256'],
    ['EdDSA', ed.privateKey, ed.publicKey, 'EdDSA'],
  ])(
    'signed with %s is checked with the public key: as an object, as PEM, as a JSON Web Key',
    async (_, own, key, alg) => {
      const token = await sign({ sub: 'ann' }, own, alg)
      for (const publicKey of [key, pemOf(key), key.export({ format: 'jwk' })]) {
        expect(await answer({ publicKey }, token)).toMatchObject({ sub: 'ann' })
      }
    },
  )

  it.each<[string, () => Promise<string> | string]>([
    ['another secret', () => sign({}, new TextEncoder().encode('another secret, as long as the right one'))],
    ['no signature', () => `${encode({ alg: 'none' })}.${encode({ sub: 'root', exp: now() + 60 })}.`],
    ['an algorithm that is not accepted', () => sign({}, Buffer.alloc(64, SECRET), 'HS512')],
    ['an algorithm of another kind', () => sign({}, rsa.privateKey, 'RS256')],
    ['nonsense in it', () => 'a.b.c'],
    ['nothing in it', () => ''],
    ['an object that is no payload', () => `${encode({ alg: 'HS256' })}.${encode([])}.`],
    [
      'a critical extension that nobody knows',
      () => `${encode({ alg: 'HS256', crit: ['x'], x: 1 })}.${encode({})}.AAAA`,
    ],
    ['something changed', async () => (await sign({ sub: 'ann' })).replace(/\.[^.]{6}/, `.${'A'.repeat(6)}`)],
  ])('with %s is refused as not valid', async (_, make) => {
    expect(await answer({ secret: SECRET }, await make())).toBe(INVALID)
  })

  it('forged with the public key as a secret is refused: the key decides, not the token', async () => {
    const publicKey = pemOf(rsa.publicKey)
    const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'root', exp: now() + 60 })}`
    const forged = `${head}.${createHmac('sha256', publicKey).update(head).digest('base64url')}`
    expect(await answer({ publicKey }, forged)).toBe(INVALID)
    expect(await answer({ publicKey }, await sign({}, ec.privateKey, 'ES256'))).toBe(INVALID)
    expect(await answer({ publicKey }, await sign({}, otherRsa.privateKey, 'RS256'))).toBe(INVALID)
  })

  it('is refused with a code of its own after it expired; clocks may differ by the tolerance', async () => {
    const token = await sign({ sub: 'ann', exp: now() - 5 })
    expect(await answer({ secret: SECRET }, token)).toBe('token-expired: the token has expired')
    expect(await answer({ secret: SECRET, clockTolerance: 60 }, token)).toMatchObject({ sub: 'ann' })
  })

  it('without an end is refused, unless that is asked for', async () => {
    const token = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET))
    expect(await answer({ secret: SECRET }, token)).toBe(
      'authentication-failed: the token is not accepted here: its claim exp',
    )
    expect(await answer({ secret: SECRET, requiredClaims: [] }, token)).toMatchObject({ sub: 'ann' })
  })

  it.each<[string, JwtOptions, JWTPayload, string]>([
    ['of another issuer', { issuer: 'https://us.example' }, { iss: 'https://them.example' }, 'iss'],
    ['for somebody else', { audience: ['game', 'game-test'] }, { aud: 'shop' }, 'aud'],
    ['without a claim that must be there', { requiredClaims: ['exp', 'sub'] }, {}, 'sub'],
    ['that is not good yet', {}, { nbf: now() + 600 }, 'nbf'],
  ])('%s is refused, by the name of the claim', async (_, options, payload, claim) => {
    const outcome = await answer({ secret: SECRET, ...options }, await sign(payload))
    expect(outcome).toBe(`authentication-failed: the token is not accepted here: its claim ${claim}`)
  })

  it('is accepted from one of several issuers, for one of several audiences', async () => {
    const token = await sign({ iss: 'b', aud: ['x', 'game'], sub: 'ann' })
    expect(await answer({ secret: SECRET, issuer: ['a', 'b'], audience: 'game' }, token)).toMatchObject({ sub: 'ann' })
  })

  it('becomes what the game makes of it, or is refused by it', async () => {
    const user = ({ sub }: { sub?: string }): AuthenticationResult =>
      sub === 'mallory' ? deny('banned until Friday', 'banned') : { name: sub }
    expect(await answer({ secret: SECRET, user }, await sign({ sub: 'ann' }))).toEqual({ name: 'ann' })
    const net = createTestNetwork(arena, { clients: 0, users: { authenticate: jwt({ secret: SECRET, user }) } })
    const [ann, mallory] = [
      net.begin({ token: await sign({ sub: 'ann' }) }),
      net.begin({ token: await sign({ sub: 'mallory' }) }),
    ]
    await until('both are decided', () => {
      net.tick()
      return ann.connection !== 0 && mallory.reason !== undefined
    })
    expect(userOf(net.server, ann.connection)).toEqual({ name: 'ann' })
    expect(mallory.reason).toEqual({ code: 'banned', text: 'banned until Friday', by: 'remote' })
  })
})

/** An issuer that publishes these keys, and how often it was asked. */
async function publish(keys: () => object[] | undefined) {
  let asked = 0
  const server = http.createServer((_, response) => {
    asked++
    const list = keys()
    if (list === undefined) response.writeHead(500).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: list }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/keys`, asked: () => asked }
}

const published = (key: KeyObject, kid: string, alg: string): object => ({ ...key.export({ format: 'jwk' }), kid, alg })

describe('published keys', () => {
  it('are fetched once, when they are needed, and the token says which', async () => {
    const issuer = await publish(() => [
      published(rsa.publicKey, 'one', 'RS256'),
      published(ec.publicKey, 'two', 'ES256'),
    ])
    const authenticate = jwt({ jwksUrl: issuer.url, issuer: 'us' })
    expect(issuer.asked()).toBe(0)
    const tokens = [
      await sign({ iss: 'us', sub: 'ann' }, rsa.privateKey, 'RS256', 'one'),
      await sign({ iss: 'us', sub: 'ben' }, ec.privateKey, 'ES256', 'two'),
    ]
    for (const token of tokens) expect(await authenticate({ token })).toMatchObject({ iss: 'us' })
    expect(issuer.asked()).toBe(1)
  })

  it('cannot be fetched again and again by tokens that name keys that do not exist', async () => {
    const issuer = await publish(() => [published(rsa.publicKey, 'one', 'RS256')])
    const authenticate = jwt({ jwksUrl: issuer.url })
    for (let i = 0; i < 5; i++) {
      const token = await sign({}, otherRsa.privateKey, 'RS256', `key ${i}`)
      await expect(authenticate({ token })).rejects.toThrow('the token is not valid')
    }
    expect(issuer.asked()).toBe(1)
  })

  it('that cannot be fetched are the server’s fault: the client gets no details, and a later try may succeed', async () => {
    const state: { keys: object[] | undefined } = { keys: undefined }
    const issuer = await publish(() => state.keys)
    const net = createTestNetwork(arena, { clients: 0, users: { authenticate: jwt({ jwksUrl: issuer.url }) } })
    const token = await sign({ sub: 'ann' }, rsa.privateKey, 'RS256', 'one')
    const first = net.begin({ token })
    await until('the refusal', () => (net.tick(), first.reason !== undefined))
    expect(first.reason).toMatchObject({ text: 'the server did not authenticate this client' })
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toContain('authenticator-failed')
    state.keys = [published(rsa.publicKey, 'one', 'RS256')]
    const second = net.begin({ token })
    await until('the welcome', () => (net.tick(), second.connection !== 0))
    expect(userOf(net.server, second.connection)).toMatchObject({ sub: 'ann' })
  })
})

describe('a set-up that cannot work', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  it.each<[string, JwtOptions, RegExp]>([
    ['no key', {}, /exactly one of secret, publicKey and jwksUrl, got "0/],
    ['two keys', { secret: SECRET, jwksUrl: 'https://x.example' }, /got "2 of them/],
    ['a short secret', { secret: 'short' }, /at least 32 bytes for HS256.*openssl/],
    ['a secret too short for its algorithm', { secret: SECRET, algorithms: ['HS512'] }, /at least 64 bytes for HS512/],
    ['an unsigned token', { secret: SECRET, algorithms: ['none'] }, /HS256, HS384, HS512.*got "none"/],
    ['no algorithm', { secret: SECRET, algorithms: [] }, /got "an empty list"/],
    ['an algorithm of another kind', { publicKey: pemOf(ec.publicKey), algorithms: ['RS256'] }, /ES256.*got "RS256"/],
    ['a secret algorithm for published keys', { jwksUrl: 'https://x.example', algorithms: ['HS256'] }, /got "HS256"/],
    ['a key that is none', { publicKey: 'not a key' }, /cannot be read/],
    ['a weak key', { publicKey: pemOf(weak.publicKey) }, /1024 bits/],
    ['a key of no use', { publicKey: curve.publicKey }, /secp256k1/],
    ['keys over HTTP', { jwksUrl: 'http://x.example/keys' }, /jwksUrl is .*https/],
    ['keys at no address', { jwksUrl: 'keys' }, /jwksUrl is an address/],
    ['a tolerance below 0', { secret: SECRET, clockTolerance: -1 }, /clockTolerance/],
  ])('%s', (_, options, message) => {
    expect(() => jwt(options)).toThrow(UsageError)
    expect(() => jwt(options)).toThrow(message)
  })

  it('a private key is taken for its public half', async () => {
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    for (const publicKey of [pem, rsa.privateKey]) {
      expect(await answer({ publicKey }, await sign({ sub: 'ann' }, rsa.privateKey, 'RS256'))).toMatchObject({
        sub: 'ann',
      })
    }
    expect(createPublicKey(pem).asymmetricKeyType).toBe('rsa')
  })
})

describe('options of a wrong shape', () => {
  it.each([
    ['requiredClaims', 'exp'],
    ['requiredClaims', [1]],
    ['algorithms', 'HS256'],
    ['issuer', []],
    ['issuer', 5],
    ['audience', ['']],
    ['user', 'sub'],
  ])('are refused by name: %s', (name, value) => {
    const secret = 'x'.repeat(32)
    expect(() => jwt({ secret, [name]: value } as never)).toThrow(UsageError)
    expect(() => jwt({ secret, [name]: value } as never)).toThrow(name)
  })
})
