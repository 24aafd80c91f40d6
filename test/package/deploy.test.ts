// The files that put a server into a container or under systemd: their own command lines start the game of the README,
// and stop it in order.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readFile } from '../../src/cli/settings/sources.js'
import { root } from '../../scripts/entries.js'
import { until } from '../support/until.js'
import { codeFiles } from './code-blocks.js'
import { Installation, packedFiles } from './installed.js'

const LIMIT_MS = 20_000

/** One instruction of a Dockerfile: its name, and the rest with its lines joined. */
interface Instruction {
  readonly name: string
  readonly text: string
}

function readInstructions(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line))
  const joined = lines.join('\n').replace(/\\\n\s*/g, ' ')
  return joined.split('\n').map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    return { name, text: rest }
  })
}

/** The settings of a unit, in the order in which they stand. */
function readUnit(text: string): { key: string; value: string }[] {
  const lines = text.split('\n').filter((line) => /^[A-Za-z]+=/.test(line))
  return lines.map((line) => ({ key: line.slice(0, line.indexOf('=')), value: line.slice(line.indexOf('=') + 1) }))
}

const read = (path: string): string => readFileSync(root + path, 'utf8')
const dockerfile = readInstructions(read('deploy/docker/Dockerfile'))
const unit = readUnit(read('deploy/systemd/my-game.service'))
const settings = readFile(`${root}deploy/server.json`)
const guide = read('docs/guides/deploying.md')

const stage = dockerfile.slice(dockerfile.findLastIndex(({ name }) => name === 'FROM'))
const instruction = (name: string): string => stage.find((one) => one.name === name)!.text
const setting = (key: string): string => unit.find((one) => one.key === key)!.value
const variables = Object.fromEntries(
  instruction('ENV')
    .split(/\s+/)
    .map((pair) => pair.split('=') as [string, string]),
)
/** What stands behind CMD, in a list. */
const commandOf = (text: string): string[] => JSON.parse(text.slice(text.indexOf('['))) as string[]

/** Free ports in place of the fixed ones, so that the test disturbs nobody. */
const FREE = { BITECS_NET_PORT: '0', BITECS_NET_METRICS_PORT: '0', BITECS_NET_PORT_RANGE: '' }

let place: Installation
let child: ChildProcess | undefined

beforeAll(() => {
  const { dependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  place = new Installation(packedFiles(), [...Object.keys(dependencies!), ...Object.keys(peerDependencies!)])
  writeFileSync(join(place.folder, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of codeFiles(read('README.md'))) {
    if (name === 'server.ts' || name === 'protocol.ts') writeFileSync(join(place.folder, name), text)
  }
  mkdirSync(join(place.folder, 'public'))
  writeFileSync(join(place.folder, 'public/index.html'), '<title>Dots</title>')
})

afterAll(() => place.remove())
afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
})

/** Starts a command line in the game's folder, sees its health and its page, and stops it as its supervisor would. */
async function startAndStop(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  probe: (port: number) => number | null,
) {
  const [program = '', ...args] = command
  let output = ''
  let code: number | null | undefined
  const node = program.endsWith('node') ? process.execPath : program
  const { PORT: _, ...inherited } = process.env
  child = spawn(node, args, { cwd: place.folder, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  child.on('close', (exitCode) => (code = exitCode))
  const portOf = (said: string): number => {
    const line = output.split('\n').find((one) => one.includes(`"msg":"${said}`))
    return line === undefined ? 0 : (JSON.parse(line) as { port: number }).port
  }
  await until('the server to listen', () => portOf('listening') > 0 || code !== undefined, LIMIT_MS)
  expect(output).not.toContain('bitecs-net:')
  const page = await fetch(`http://127.0.0.1:${portOf('listening')}/`)
  expect(await page.text()).toBe('<title>Dots</title>')
  expect(probe(portOf('metrics'))).toBe(0)
  child.kill('SIGTERM')
  await until('the server to end', () => code !== undefined, LIMIT_MS)
  expect(code).toBe(0)
  expect(output).toContain('drained')
}

describe('the Dockerfile', () => {
  it('builds in one stage and runs in another, as a user without write access', () => {
    expect(dockerfile.filter(({ name }) => name === 'FROM')).toHaveLength(2)
    expect(instruction('USER')).toBe('node')
    expect(stage.findIndex(({ name }) => name === 'COPY')).toBeLessThan(stage.findIndex(({ name }) => name === 'USER'))
    expect(instruction('COPY')).not.toContain('--chown')
    expect(instruction('STOPSIGNAL')).toBe('SIGTERM')
    expect(new Set(dockerfile.map(({ name }) => name))).toEqual(
      new Set(['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'CMD']),
    )
  })

  it('installs the allocator that it loads', () => {
    const [, name] = /^lib(\w+)\.so\.2$/.exec(variables['LD_PRELOAD']!) ?? []
    expect(instruction('RUN')).toContain(` lib${name}2 `)
  })

  it('exposes the ports that it sets, and that the guide tells', () => {
    const [udp] = variables['BITECS_NET_PORT_RANGE']!.split('-')
    const ports = [`${variables['BITECS_NET_PORT']}/tcp`, `${variables['BITECS_NET_METRICS_PORT']}/tcp`, `${udp}/udp`]
    expect(instruction('EXPOSE').split(' ')).toEqual(ports)
    expect(ports.filter((port) => !guide.includes(port.slice(0, -4)))).toEqual([])
    expect(instruction('HEALTHCHECK')).toContain(`:${variables['BITECS_NET_METRICS_PORT']}/healthz`)
  })

  it('keeps secrets and what is built again out of the image', () => {
    const ignored = read('deploy/docker/.dockerignore').split('\n')
    // Without the stars in front, a pattern is of the topmost folder alone.
    const everywhere = ['.env', '.env.*', 'node_modules', '*.pem', '*.key'].map((pattern) => `**/${pattern}`)
    expect(ignored).toEqual(expect.arrayContaining(['.git', ...everywhere]))
  })

  it('starts the game with its command, finds it healthy with its check, and stops it with its signal', async () => {
    const [node = '', ...check] = commandOf(instruction('HEALTHCHECK'))
    expect(node).toBe('node')
    await startAndStop(commandOf(instruction('CMD')), { ...variables, ...FREE }, (port) => {
      const args = check.map((arg) => arg.replace(`:${variables['BITECS_NET_METRICS_PORT']}/`, `:${port}/`))
      return spawnSync(process.execPath, args, { timeout: LIMIT_MS }).status
    })
    // And unhealthy, when nobody is there.
    expect(
      spawnSync(
        process.execPath,
        check.map((arg) => arg.replace(':9209/', ':1/')),
      ).status,
    ).toBe(1)
  }, 60_000)
})

describe('the unit of systemd', () => {
  it('waits longer than the drain takes, and so does compose', () => {
    expect(setting('KillSignal')).toBe('SIGTERM')
    expect(Number(setting('TimeoutStopSec')) * 1000).toBeGreaterThan(settings.drainTime!)
    const [, grace] = /stop_grace_period: (\d+)s/.exec(read('deploy/docker/compose.yaml')) ?? []
    expect(Number(grace)).toBeGreaterThan(Number(variables['BITECS_NET_DRAIN_TIME']!.replace('s', '')))
    expect([setting('Restart'), setting('Type')]).toEqual(['on-failure', 'exec'])
    // Docker's on-failure does not start a container with the machine.
    expect(read('deploy/docker/compose.yaml')).toContain('restart: unless-stopped')
  })

  it('lets the server do no more than it needs', () => {
    const hardened = unit.filter(({ value }) => value === 'yes').map(({ key }) => key)
    expect(hardened).toEqual(expect.arrayContaining(['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'ProtectHome']))
    expect([setting('ProtectSystem'), setting('CapabilityBoundingSet')]).toEqual(['strict', ''])
    // Datagrams, and what finds out the addresses of this machine.
    expect(setting('RestrictAddressFamilies').split(' ')).toEqual(
      expect.arrayContaining(['AF_INET', 'AF_INET6', 'AF_NETLINK']),
    )
  })

  it('starts the game with its command and the settings beside it, and stops it with its signal', async () => {
    const config = join(place.folder, 'server.json')
    copyFileSync(`${root}deploy/server.json`, config)
    expect(setting('ExecStart')).toContain(' --config /etc/my-game/server.json')
    expect(setting('WorkingDirectory')).toBe('/opt/my-game')
    const command = setting('ExecStart').replace('/etc/my-game/server.json', config).split(' ')
    await startAndStop(command, { ...FREE, BITECS_NET_PORT_RANGE: '1025-65535' }, (port) => {
      const script = `fetch('http://127.0.0.1:${port}/readyz').then(({ ok }) => process.exit(ok ? 0 : 1))`
      return spawnSync(process.execPath, ['--eval', script], { timeout: LIMIT_MS }).status
    })
  }, 60_000)

  it('and the container have the same settings', () => {
    const { port, static: folder, maxConnections, metricsPort } = settings
    expect([`${port}`, folder, `${maxConnections}`, `${metricsPort}`]).toEqual(
      ['PORT', 'STATIC', 'MAX_CONNECTIONS', 'METRICS_PORT'].map((name) => variables[`BITECS_NET_${name}`]),
    )
    expect(existsSync(`${root}deploy/systemd/my-game.service`)).toBe(true)
  })
})
