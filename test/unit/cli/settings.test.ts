// Tests the settings of an operator: accepted values, precedence, and the errors for mistakes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listenOptions } from '../../../src/cli/settings/listen-options.js'
import { optionName, SETTING_NAMES, SETTINGS, variableName } from '../../../src/cli/settings/settings.js'
import { gatherSettings, idleSettings, suspectVariables } from '../../../src/cli/settings/sources.js'

const folder = mkdtempSync(join(tmpdir(), 'bitecs-net-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function file(content: unknown): string {
  const path = join(folder, `${++files}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const fromText = (name: keyof typeof SETTINGS, text: string): unknown => SETTINGS[name].kind.fromText(text)
const fromJson = (name: keyof typeof SETTINGS, value: unknown): unknown => SETTINGS[name].kind.fromJson(value)

describe('a setting', () => {
  it('has an option and a variable of the same name', () => {
    expect([optionName('maxBytesPerSecond'), variableName('maxBytesPerSecond')]).toEqual([
      '--max-bytes-per-second',
      'BITECS_NET_MAX_BYTES_PER_SECOND',
    ])
    expect(new Set(SETTING_NAMES.map(variableName)).size).toBe(SETTING_NAMES.length)
  })

  it('for a count accepts whole numbers within its bounds', () => {
    expect([fromText('port', '0'), fromText('port', '65535'), fromJson('port', 80)]).toEqual([0, 65_535, 80])
    for (const wrong of ['', ' ', '-1', '65536', '1.5', '1e3', '0x10', 'x', '9999999999999999999999']) {
      expect(fromText('port', wrong)).toBeUndefined()
    }
    for (const wrong of ['80', -1, 1.5, NaN, null, [80]]) expect(fromJson('port', wrong)).toBeUndefined()
  })

  it('for a time has its unit', () => {
    const times = ['500ms', '3s', '1.5s', '2m', '24h'].map((text) => fromText('timeout', text))
    expect(times).toEqual([500, 3000, 1500, 120_000, 86_400_000])
    expect([fromText('drainTime', '0'), fromJson('drainTime', 0), fromJson('drainTime', '1m')]).toEqual([0, 0, 60_000])
    for (const wrong of ['', '3', '0', '3 s', '-3s', '25h', 's', '1e3ms', 'Infinitys']) {
      expect(fromText('timeout', wrong)).toBeUndefined()
    }
    for (const wrong of [3000, 0, true, ['3s']]) expect(fromJson('timeout', wrong)).toBeUndefined()
  })

  it('for a time names its bounds where they differ from a day', () => {
    expect(['1s', '60s', '1m'].map((text) => fromText('stalledAfter', text))).toEqual([1000, 60_000, 60_000])
    for (const wrong of ['0', '999ms', '61s']) expect(fromText('stalledAfter', wrong)).toBeUndefined()
    expect([fromText('resumeTime', '1h'), fromText('resumeTime', '61m')]).toEqual([3_600_000, undefined])
    expect(SETTINGS.stalledAfter.kind.expects).toContain('from 1s to 1m')
    expect(SETTINGS.resumeTime.kind.expects).toContain('of at most 1h, or 0')
  })

  it('for a number of points may have a fraction', () => {
    expect([fromText('errorBudgetPerSecond', '0.5'), fromJson('errorBudgetPerSecond', 0)]).toEqual([0.5, 0])
    for (const wrong of ['', '-1', '1e3', '.5', '1.', 'NaN', '1000001']) {
      expect(fromText('errorBudgetPerSecond', wrong)).toBeUndefined()
    }
    for (const wrong of ['1', -1, NaN, Infinity, null]) expect(fromJson('errorBudgetPerSecond', wrong)).toBeUndefined()
  })

  it('for a rate accepts what the loop can run', () => {
    expect(['1', '0.5e2', '1000'].map((text) => fromText('tickRate', text))).toEqual([1, 50, 1000])
    for (const wrong of ['', ' ', '0', '0.5', '1001', 'NaN', 'Infinity', 'fast']) {
      expect(fromText('tickRate', wrong)).toBeUndefined()
    }
  })

  it('for a range of ports has the lower one first', () => {
    expect(fromText('portRange', '10000-10999')).toEqual({ min: 10_000, max: 10_999 })
    for (const wrong of ['10000', '2-1', '0-5', '1-65536', '1-', '1-2-3', ' 1-2']) {
      expect(fromText('portRange', wrong)).toBeUndefined()
    }
  })

  it('for an origin has no path', () => {
    expect(
      ['*', 'https://play.example.org', 'http://127.0.0.1:9208'].map((text) => fromText('corsOrigin', text)),
    ).toEqual(['*', 'https://play.example.org', 'http://127.0.0.1:9208'])
    for (const wrong of ['', 'play.example.org', 'https://play.example.org/', 'ftp://a', 'https://*.org', '**']) {
      expect(fromText('corsOrigin', wrong)).toBeUndefined()
    }
  })

  it('for ICE servers takes addresses, or the JSON that browsers take', () => {
    expect(fromText('iceServers', 'stun:a:3478,turn:b')).toEqual([{ urls: 'stun:a:3478' }, { urls: 'turn:b' }])
    const turn = [{ urls: ['turn:b:3478'], username: 'u', credential: 'secret' }]
    expect([fromText('iceServers', JSON.stringify(turn)), fromJson('iceServers', turn)]).toEqual([turn, turn])
    for (const wrong of ['', 'http://a', 'stun:', '[', '[{}]', '[{"urls":[]}]', '[{"urls":"stun:a","user":"u"}]']) {
      expect(fromText('iceServers', wrong)).toBeUndefined()
    }
  })

  it('for networks takes addresses and networks', () => {
    expect(fromText('trustProxy', '10.0.0.0/8, ::1')).toEqual(['10.0.0.0/8', '::1'])
    expect(fromJson('trustProxy', ['127.0.0.1'])).toEqual(['127.0.0.1'])
    expect([fromText('candidates', 'own'), fromJson('candidates', 'all'), fromText('candidates', '10.0.0.1')]).toEqual([
      'own',
      'all',
      ['10.0.0.1'],
    ])
    for (const wrong of ['', 'proxy', '10.0.0.0/33', '10.0.0.0/8,', '*']) {
      expect([fromText('trustProxy', wrong), fromText('candidates', wrong)]).toEqual([undefined, undefined])
    }
    for (const wrong of [[], [1], {}, [[]]]) expect(fromJson('trustProxy', wrong)).toBeUndefined()
  })

  it('for a text that players read is refused when it is too long, not cut', () => {
    const { kind } = SETTINGS.drainText
    expect(kind.fromText('ü'.repeat(256))).toBe('ü'.repeat(256))
    expect([kind.fromText('ü'.repeat(257)), kind.fromText(''), kind.fromJson(1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('for a text or an address is not empty', () => {
    expect([fromText('static', ''), fromText('static', 'a\0b'), fromText('bindAddress', 'localhost')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([fromText('bindAddress', '::1'), fromText('bindAddress', '10.0.0.1')]).toEqual(['::1', '10.0.0.1'])
  })
})

describe('options count over the environment, and the environment over the file', () => {
  const path = file({ maxConnections: 1, port: 1, timeout: '1s' })

  it('each for itself', () => {
    const environment = { BITECS_NET_MAX_CONNECTIONS: '2', BITECS_NET_PORT: '2' }
    expect(gatherSettings({ maxConnections: 3 }, path, environment)).toEqual({
      maxConnections: 3,
      port: 2,
      timeout: 1000,
    })
  })

  it('the environment may name the file', () => {
    expect(gatherSettings({}, undefined, { BITECS_NET_CONFIG: path })).toMatchObject({ port: 1 })
    const other = file({ port: 5 })
    expect(gatherSettings({}, other, { BITECS_NET_CONFIG: path })).toEqual({ port: 5 })
  })

  it('PORT is heard too, and the name with the prefix over it', () => {
    expect(gatherSettings({}, undefined, { PORT: '80' })).toEqual({ port: 80 })
    expect(gatherSettings({}, undefined, { PORT: '80', BITECS_NET_PORT: '81' })).toEqual({ port: 81 })
  })

  it('an empty variable of the environment counts as not set', () => {
    expect(gatherSettings({}, undefined, { PORT: '', BITECS_NET_HOST: '', BITECS_NET_CONFIG: '' })).toEqual({})
  })

  it('all of them count over the options that the game passes to listen', () => {
    const authenticate = (): undefined => undefined
    const cors = { origin: 'https://a.example', allowAuthorization: false }
    const own = { users: { authenticate }, sessions: { timeout: 9000 }, network: { cors } }
    expect(listenOptions({ timeout: 1000, corsOrigin: '*', port: 80, drainTime: 5 }, own)).toEqual({
      users: { authenticate },
      sessions: { timeout: 1000 },
      network: { cors: { origin: '*', allowAuthorization: false } },
    })
    expect(listenOptions({}, own)).toEqual(own)
    const limits = { network: { handshakes: { addressClients: 5, perSecond: 7 } } }
    expect(listenOptions({ addressClients: 6, maxConnecting: 8 }, limits)).toEqual({
      network: { handshakes: { addressClients: 6, perSecond: 7, connecting: 8 } },
    })
    const weights = { 'unknown-call': 4 }
    const budgets = { limits: { inbound: { callsPerSecond: 50 }, errorBudget: { weights } } }
    const set = { inboundPacketsPerSecond: 100, inboundBytesPerSecond: 200_000, inboundCallBytesPerSecond: 9000 }
    expect(listenOptions({ ...set, inboundCallsPerSecond: 60, errorBudgetBurst: 8 }, budgets)).toEqual({
      limits: {
        inbound: { packetsPerSecond: 100, bytesPerSecond: 200_000, callsPerSecond: 60, callBytesPerSecond: 9000 },
        errorBudget: { weights, burst: 8 },
      },
    })
    const others = { errorBudgetPerSecond: 0.5, stalledAfter: 5000, interruptedPerAddress: 3 }
    expect(listenOptions(others, budgets)).toEqual({
      limits: { inbound: { callsPerSecond: 50 }, errorBudget: { weights, perSecond: 0.5 }, interruptedPerAddress: 3 },
      sessions: { stalledAfter: 5000 },
    })
  })

  it('settings that do not fit together are reported by the names of those that were set', () => {
    expect(() => listenOptions({ inboundBytesPerSecond: 1000 })).toThrow(
      /inboundBytesPerSecond\): limits.inbound.bytesPerSecond is a number from 131,072/,
    )
    const own = { limits: { errorBudget: { weights: { 'unknown-call': 4 } } } }
    expect(() => listenOptions({ errorBudgetBurst: 2 }, own)).toThrow(
      /errorBudgetBurst\): .*'unknown-call'.* to 2 points/,
    )
  })

  it('each reaches listen, or is the command’s own', () => {
    const own = ['port', 'host', 'static', 'tickRate', 'tlsCert', 'tlsKey', 'drainTime', 'drainText']
    own.push('metricsPort', 'metricsHost', 'logLevel', 'logFormat')
    // Any value will do: nothing is read but which name it goes by.
    const unheard = SETTING_NAMES.filter((name) => Object.keys(listenOptions({ [name]: 500_000 })).length === 0)
    expect(unheard.toSorted()).toEqual(own.toSorted())
  })
})

describe('a mistake is reported with its name, its place, its value and what is expected', () => {
  it.each([
    [{ maxConections: 5 }, 'unknown setting "maxConections"; did you mean maxConnections?'],
    [{ colour: 'red' }, 'unknown setting "colour"; see bitecs-net serve --help'],
    [{ config: 'a.json' }, 'unknown setting "config"'],
    [{ constructor: 1 }, 'unknown setting "constructor"'],
    [{ port: '80' }, 'must be a whole number from 0 to 65535, not "80"'],
    [{ timeout: 3000 }, 'must be a time with its unit, such as 500ms, 30s or 2m, of at most 24h, not 3000'],
    [{ logLevel: 'loud' }, 'must be one of trace, debug, info, warn, error, silent, not "loud"'],
    [{ static: null }, 'must be a folder, not null'],
    [[], 'must contain a JSON object of settings'],
    ['{\n "port": 1,\n}', 'is not valid JSON: error at line 3, column 1'],
    [{ tls: {} }, 'unknown setting "tls"; see bitecs-net serve --help'],
    ['{ "__proto__": 1 }', 'unknown setting "__proto__"'],
  ])('in a file: %j', (content, text) => {
    const path = file(content)
    expect(() => gatherSettings({}, path, {})).toThrow(text)
    expect(() => gatherSettings({}, path, {})).toThrow(path)
  })

  it('in a file that does not exist', () => {
    expect(() => gatherSettings({}, join(folder, 'none.json'), {})).toThrow(
      /cannot read .*none\.json: it does not exist/,
    )
    expect(() => gatherSettings({}, folder, {})).toThrow(/cannot read .*EISDIR/)
  })

  it('in a file without settings: endless, or nested far too deep', () => {
    expect(() => gatherSettings({}, '/dev/zero', {})).toThrow('/dev/zero is larger than 64 KiB')
    expect(() => gatherSettings({}, file('['.repeat(60_000)), {})).toThrow('error at line 1, column 102')
    expect(() => gatherSettings({}, file(`{ "drainText": "${'x'.repeat(60_000)}", }`), {})).toThrow('column 60020')
  })

  it('in the environment', () => {
    expect(() => gatherSettings({}, undefined, { BITECS_NET_TICK_RATE: 'fast' })).toThrow(
      'the environment variable BITECS_NET_TICK_RATE must be a number from 1 to 1000, per second, not "fast"',
    )
    // What Kubernetes makes of a service called bitecs-net.
    expect(() => gatherSettings({}, undefined, { BITECS_NET_PORT: 'tcp://10.0.0.1:80' })).toThrow('BITECS_NET_PORT')
  })

  it('without a credential in it', () => {
    const servers = [{ urls: 'turn:a', username: 'u', credential: 'hunter2', colour: 'red' }]
    const refusal = (act: () => unknown): string => {
      try {
        act()
      } catch (error) {
        return String(error)
      }
      return ''
    }
    const path = file({ iceServers: servers })
    const unquoted = file('{ "iceServers": [{ "urls": "turn:a", "credential": hunter2 }] }')
    const slip = refusal(() => gatherSettings({}, unquoted, {}))
    expect(slip).toContain('line 1, column 52')
    expect(slip).not.toContain('hunter')
    for (const told of [
      refusal(() => gatherSettings({}, path, {})),
      refusal(() => gatherSettings({}, undefined, { BITECS_NET_ICE_SERVERS: JSON.stringify(servers) })),
    ]) {
      expect(told).toContain('addresses such as stun:')
      expect(told).not.toContain('hunter2')
    }
  })

  it('in a setting without effect, because the setting that it belongs to is not set', () => {
    expect(idleSettings({ metricsHost: '0.0.0.0', drainText: 'soon', drainTime: 1000 })).toEqual([
      { name: 'metricsHost', needs: 'metricsPort' },
    ])
    expect(idleSettings({ drainText: 'soon' })).toEqual([{ name: 'drainText', needs: 'drainTime' }])
    expect(idleSettings({ metricsPort: 0, drainTime: 0, metricsHost: '::1', drainText: 'soon' })).toEqual([])
  })

  it('in the name of a variable that is nearly a setting; others may belong to another program', () => {
    const environment = { BITECS_NET_MAX_CONECTIONS: '5', BITECS_NET_SERVICE_HOST: '10.0.0.1', BITECS_NET_CONFIG: 'a' }
    expect(suspectVariables(environment)).toEqual([
      { name: 'BITECS_NET_MAX_CONECTIONS', guess: 'BITECS_NET_MAX_CONNECTIONS' },
    ])
  })
})
