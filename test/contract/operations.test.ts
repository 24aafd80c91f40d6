// The headless server as an operator runs it: probes and metrics, a drain, https with a certificate that changes,
// settings.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { createEntityIndex, hasComponent, query } from 'bitecs'
import { Connected, Connection, Draining } from 'bitecs-net/components'
import { clientReceive, clientSend, close, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { createServerWorld, listen } from 'bitecs-net/server'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { until } from '../support/until.js'
import { RunningCommand } from './cli/command.js'
import { protocol } from './cli/game.js'

const GAME = 'test/contract/cli/game.ts'
const CERTIFICATES = `${root}test/support/tls`

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bitecs-net-operations-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop()
})

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const command = new RunningCommand(args, env)
  running.push(() => command.stop())
  return command
}

/** Starts a server on free ports, the operator's included. */
async function serve(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const common = ['--port', '0', '--host', '127.0.0.1', '--metrics-port', '0']
  const server = run(['serve', GAME, ...args, ...common], env)
  const { port: metricsPort } = await server.says('metrics and health on port')
  const { port } = await server.says('listening on ')
  const probe = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${metricsPort}${path}`)).status
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return { server, port: port!, url: `http://127.0.0.1:${port}`, probe, metrics }
}

const entityIndex = createEntityIndex()

async function enter(url: string) {
  const world = createClientWorld(protocol, { entityIndex })
  running.push(() => close(world))
  await connect(world, { url })
  const [connection = 0] = query(world, [Connected])
  return {
    world,
    connection,
    until: (what: string, condition: () => boolean | Promise<boolean>) =>
      until(what, () => {
        runSystems(world, clientReceive)
        runSystems(world, clientSend)
        return condition()
      }),
  }
}

describe('a server that plays', () => {
  it('answers the probes, and tells Prometheus of its connections, ticks and traffic; its log says who came from where', async () => {
    const { server, url, probe, metrics } = await serve()
    expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 200])
    const client = await enter(url)
    await client.until('a client in the metrics', async () =>
      (await metrics()).includes('connections{state="ready"} 1'),
    )
    const text = await metrics()
    expect(text).toMatch(/^bitecs_net_tick_duration_seconds_count [1-9]/m)
    expect(text).toMatch(/^bitecs_net_bytes_total\{direction="sent",channel="reliable"\} [1-9]/m)
    expect(text).toMatch(/^process_cpu_seconds_total /m)
    expect(await server.says('client 1 connected')).toMatchObject({ address: '127.0.0.1' })
    await close(client.world, `bye\n\u001b[31m client 2 is an admin${'!'.repeat(300)}`)
    const left = await server.says('client 1 left: bye')
    expect(left).toMatchObject({ address: '127.0.0.1', code: 'client-closed' })
    expect(left.msg).toMatch(/^client 1 left: bye\\u\{a\}\\u\{1b\}\[31m client 2 is an admin!{50,80}$/)
  })

  it('has no port for operators unless it is asked for one', async () => {
    const server = run(['serve', GAME, '--port', '0'])
    await server.says('listening on ')
    expect(server.stdout).not.toContain('metrics')
  })
})

describe('a signal while the server starts', () => {
  it('ends it in order, and one for the certificate does not end it', async () => {
    const game = join(folder, 'slow.ts')
    const started = join(folder, 'started')
    writeFileSync(
      game,
      `import { writeFileSync } from 'node:fs'
       export { protocol, systems } from '${root}${GAME}'
       export async function setup() {
         writeFileSync('${started}', '')
         await new Promise((resolve) => setTimeout(resolve, 60_000))
       }`,
    )
    const [cert, key] = ['cert', 'key'].map((part) => `${CERTIFICATES}/first-${part}.pem`) as [string, string]
    const tls = ['--tls-cert', cert, '--tls-key', key]
    const server = run(['serve', game, ...tls, '--port', '0', '--metrics-port', '0'])
    const { port } = await server.says('metrics and health on port')
    await until('the setup', () => existsSync(started))
    const probe = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 503])
    server.kill('SIGHUP')
    await server.says('reloaded the certificate')
    server.kill('SIGTERM')
    expect(await server.end()).toBe(0)
    expect(server.lines.at(-1)?.msg).toBe('stopped before the server was ready')
  })
})

describe('SIGTERM with a drain time', () => {
  const DRAIN = ['--drain-time', '20s', '--drain-text', 'a new version comes']

  it('reports to all clients that the server closes, refuses new ones, and ends when the last client has left', async () => {
    const { server, url, probe } = await serve(DRAIN)
    const client = await enter(url)
    server.kill('SIGTERM')
    await client.until('the announcement', () => hasComponent(client.world, client.connection, Draining))
    expect(Draining.text[client.connection]).toBe('a new version comes')
    expect((Draining.endsAt[client.connection]! - performance.now()) / 1000).toBeCloseTo(20, -1)
    expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 503])
    const late = connect(createClientWorld(protocol, { entityIndex }), { url, timeout: 3000 })
    await expect(late).rejects.toMatchObject({ code: 'draining', message: 'a new version comes' })
    expect(await server.says('a client was refused: a new version comes')).toMatchObject({
      code: 'draining',
      address: '127.0.0.1',
    })
    expect(hasComponent(client.world, client.connection, Connected)).toBe(true)
    await close(client.world)
    expect(await server.end()).toBe(0)
    expect(server.lines.map(({ msg }) => msg).slice(-3)).toEqual(['drained', 'stopping', 'stopped'])
  })

  it('ends at once, in order, at a second signal', async () => {
    const { server, url } = await serve(DRAIN)
    const client = await enter(url)
    server.kill('SIGTERM')
    await client.until('the announcement', () => hasComponent(client.world, client.connection, Draining))
    // A signal right behind the first would count as the same.
    await until('some time to have passed', () => Draining.endsAt[client.connection]! - performance.now() < 19_500)
    server.kill('SIGTERM')
    await client.until('the end', () => Connection.reason[client.connection] !== undefined)
    expect(Connection.reason[client.connection]).toMatchObject({ text: 'the server stopped', by: 'remote' })
    expect(await server.end()).toBe(0)
  })

  it('is for programs of their own too: close with a grace, and without one when it takes too long', async () => {
    const world = createServerWorld(protocol)
    const server = await listen(world, { host: '127.0.0.1' })
    const patient = server.close('a new version', { grace: 60_000 })
    expect(query(world, [Draining])).toHaveLength(1)
    await Promise.all([server.close('now'), patient])
    expect(query(world, [Draining])).toHaveLength(0)
    // Nobody is there, and the loop runs: there is nothing to wait for.
    const again = await listen(world, { host: '127.0.0.1' })
    again.run([])
    await again.close('a new version', { grace: 60_000 })
    // The loop does not run: the clock alone ends it.
    await (await listen(world, { host: '127.0.0.1' })).close('a new version', { grace: 20 })
  })

  it('does not hold up SIGINT, nor a server that is empty', async () => {
    const first = await serve(DRAIN)
    await enter(first.url)
    first.server.kill('SIGINT')
    const second = await serve(DRAIN)
    second.server.kill('SIGTERM')
    expect([await first.server.end(), await second.server.end()]).toEqual([0, 0])
  })
})

describe('https', () => {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')

  function install(name: 'first' | 'second'): void {
    copyFileSync(`${CERTIFICATES}/${name}-cert.pem`, cert)
    copyFileSync(`${CERTIFICATES}/${name}-key.pem`, key)
  }

  /** Whose certificate a server shows, and what its page says. */
  function visit(port: number): Promise<{ name: string; status: number }> {
    return new Promise((resolve, reject) => {
      const ca = ['first', 'second'].map((name) => readFileSync(`${CERTIFICATES}/${name}-cert.pem`))
      get({ host: 'localhost', port, path: '/', ca, agent: false, family: 4 }, (response) => {
        const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
        response.resume()
        resolve({ name, status: response.statusCode ?? 0 })
      }).on('error', reject)
    })
  }

  it('carries page and signalling, and takes a new certificate at SIGHUP without a pause', async () => {
    install('first')
    const { server, port, metrics } = await serve(['--tls-cert', cert, '--tls-key', key])
    expect(server.lines.some(({ msg }) => msg === `listening on https://127.0.0.1:${port}`)).toBe(true)
    expect(await visit(port)).toEqual({ name: 'first test certificate', status: 200 })
    const bots = run(['bots', 'test/contract/cli/bots.ts', '--url', `https://127.0.0.1:${port}`], {
      NODE_EXTRA_CA_CERTS: `${CERTIFICATES}/first-cert.pem`,
    })
    await bots.says('1 of 1 bots connected')
    expect(await metrics()).toMatch(/^bitecs_net_tls_certificate_expiry_timestamp_seconds [1-9]\d{9}/m)

    install('second')
    server.kill('SIGHUP')
    await server.says('reloaded the certificate')
    expect((await visit(port)).name).toBe('second test certificate')

    writeFileSync(cert, 'no certificate')
    server.kill('SIGHUP')
    expect(await server.says('cannot reload the certificate')).toMatchObject({ level: 'error' })
    expect((await visit(port)).name).toBe('second test certificate')
    expect(bots.stdout).not.toContain('left')
  })

  it('needs a certificate and the key of it', async () => {
    const mistake = async (...args: string[]): Promise<string> => {
      const command = run(['serve', GAME, ...args])
      expect(await command.end()).toBe(1)
      return command.stderr
    }
    expect(await mistake('--tls-cert', cert)).toBe(
      'bitecs-net: tlsCert is set but tlsKey is not: https needs the certificate and its key\n',
    )
    const first = `${CERTIFICATES}/first-cert.pem`
    const second = `${CERTIFICATES}/second-key.pem`
    expect(await mistake('--tls-cert', first, '--tls-key', second)).toContain(
      'are not a certificate and its private key',
    )
    expect(await mistake('--tls-cert', 'none.pem', '--tls-key', second)).toContain(
      'cannot read the certificate none.pem',
    )
  })
})

describe('settings', () => {
  it('come from options, the environment, a file and the game, in this order', async () => {
    const game = join(folder, 'game.ts')
    writeFileSync(
      game,
      `import { deny } from '${root}dist/users.js'
       export { protocol, systems } from '${root}${GAME}'
       export const tickRate = 11
       export const options = { limits: { maxConnections: 7 }, users: { authenticate: () => deny('the game says no', 'game-says-no') } }`,
    )
    const config = join(folder, 'server.json')
    writeFileSync(config, JSON.stringify({ tickRate: 12, logLevel: 'debug', metricsPort: 0, maxConnections: 5 }))
    const args = ['serve', game, '--config', config, '--port', '0', '--host', '127.0.0.1']
    const server = run(args, { BITECS_NET_TICK_RATE: '13', BITECS_NET_MAX_CONECTIONS: '9' })
    const { port: metricsPort } = await server.says('metrics and health')
    const { port } = await server.says('listening on ')
    expect(server.lines.find(({ msg }) => msg.startsWith('listening'))).toMatchObject({ tickRate: 13 })
    await server.says('did you mean BITECS_NET_MAX_CONNECTIONS?')
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    expect(metrics).toContain('bitecs_net_connections_limit 5')
    const refused = connect(createClientWorld(protocol, { entityIndex }), {
      url: `http://127.0.0.1:${port}`,
      timeout: 3000,
    })
    await expect(refused).rejects.toMatchObject({ code: 'game-says-no', message: 'the game says no' })
  })

  it('end the command with the name of the wrong one, before the server starts', async () => {
    const config = join(folder, 'wrong.json')
    writeFileSync(config, JSON.stringify({ maxConections: 5 }))
    const command = run(['serve', GAME, '--config', config])
    expect(await command.end()).toBe(1)
    expect(command.stderr).toBe(
      `bitecs-net: ${config}: unknown setting "maxConections"; did you mean maxConnections?\n`,
    )
  })
})
