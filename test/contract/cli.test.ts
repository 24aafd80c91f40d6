// The built command as a user runs it: serving a game in TypeScript, bots, stopping, and every way to get it wrong.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createEntityIndex, query } from 'bitecs'
import { drain, sendCommand, sendMessage } from 'bitecs-net'
import { Connected, Connection, LocalPlayer } from 'bitecs-net/components'
import { clientReceive, clientSend, close, connect, createClientWorld, runSystems } from 'bitecs-net/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { until } from '../support/until.js'
import { RunningCommand } from './cli/command.js'
import { Move, Place, protocol, Say } from './cli/game.js'

const GAME = 'test/contract/cli/game.ts'
const BOTS = 'test/contract/cli/bots.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bitecs-net-cli-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop()
})

function run(...args: string[]): RunningCommand {
  const command = new RunningCommand(args)
  running.push(() => command.stop())
  return command
}

/** Starts a server on a free port. */
async function serve(...args: string[]): Promise<{ server: RunningCommand; port: number; url: string }> {
  const server = run('serve', ...args, '--port', '0', '--host', '127.0.0.1')
  const { port } = await server.says('listening on http://127.0.0.1:')
  return { server, port: port!, url: `http://127.0.0.1:${port}` }
}

const entityIndex = createEntityIndex()

/** A client of this process, with what it heard. */
async function joinServer(url: string) {
  const world = createClientWorld(protocol, { entityIndex })
  running.push(() => close(world))
  const heard: string[] = []
  await connect(world, { url })
  const [connection = 0] = query(world, [Connected])
  const pump = (): void => {
    runSystems(world, clientReceive)
    for (const { args } of drain(world, Say)) heard.push(args.text)
    runSystems(world, clientSend)
  }
  return {
    world,
    heard,
    connection,
    say: (text: string) => sendMessage(world, Say, { text }),
    until: (what: string, condition: () => boolean) =>
      until(what, () => {
        pump()
        return condition()
      }),
  }
}

/** Resolves when nobody listens on a port; rejects when somebody does. */
function takePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()))
  })
}

function write(name: string, text: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

// Bots whose server was killed: they wait for it for a while, during which the other tests run.
let orphans: RunningCommand | undefined
beforeAll(async () => {
  const { server, url } = await serve(GAME)
  orphans = new RunningCommand(['bots', BOTS, '--url', url])
  await orphans.says('1 of 1 bots connected')
  await server.stop()
})
afterAll(() => orphans?.stop())

describe('serve', () => {
  it('runs a game in TypeScript that imports the library, and stops on SIGTERM telling the clients', async () => {
    const { server, port, url } = await serve(GAME)
    expect(server.lines[0]).toMatchObject({ tickRate: 30 })
    const client = await joinServer(url)
    await client.until('a player and a welcome', () => {
      return query(client.world, [LocalPlayer, Place]).length === 1 && client.heard.includes('welcome')
    })
    const [player = 0] = query(client.world, [LocalPlayer])
    sendCommand(client.world, player, Move, { x: 7 })
    await client.until('the move', () => Place.x[player] === 7)
    await server.says('client 1 connected')

    server.kill('SIGTERM')
    await client.until('the end', () => Connection.reason[client.connection] !== undefined)
    expect(Connection.reason[client.connection]).toMatchObject({ text: 'the server stopped', by: 'remote' })
    expect(await server.end()).toBe(0)
    expect(server.lines.at(-2)).toMatchObject({ signal: 'SIGTERM', msg: 'stopping' })
    expect(server.lines.at(-1)).toMatchObject({ msg: 'stopped' })
    expect(server.stderr).toBe('')
    await takePort(port)
  })

  it('stops on SIGINT', async () => {
    const { server } = await serve(GAME)
    server.kill('SIGINT')
    expect(await server.end()).toBe(0)
  })

  it('logs who leaves, and a system that throws by its name, and goes on', async () => {
    const { server, url } = await serve(GAME, '--tick-rate', '60')
    expect(server.lines[0]).toMatchObject({ tickRate: 60 })
    const client = await joinServer(url)
    client.say('throw')
    client.say('still there')
    await client.until('an answer', () => client.heard.includes('heard still there'))
    expect(await server.says('answerTalk threw')).toMatchObject({ level: 'error', system: 'answerTalk' })
    await close(client.world, 'enough for today')
    expect(await server.says('client 1 left: enough for today')).toMatchObject({ connection: 1 })
  })

  it('ends in order, with exit code 1, when the game fails where no system is', async () => {
    const { server, url } = await serve(GAME)
    const client = await joinServer(url)
    client.say('fail')
    await client.until('the end', () => Connection.reason[client.connection] !== undefined)
    expect(Connection.reason[client.connection]).toMatchObject({ text: 'the server failed', by: 'remote' })
    expect(await server.end()).toBe(1)
    expect(server.lines.find(({ level }) => level === 'fatal')?.msg).toBe('uncaught: as asked, later')
  })

  it('ends in order when the game closes its world, since no client can connect any more', async () => {
    const game = write(
      'closes.ts',
      `import { close } from '${root}dist/server.js'
       export { protocol } from '${root}${GAME}'
       export const systems = [(world) => void close(world, 'the match is over')]`,
    )
    const server = run('serve', game, '--port', '0')
    expect(await server.end()).toBe(0)
    expect(server.lines.map(({ msg }) => msg).slice(-2)).toEqual(['stopping: the game closed its world', 'stopped'])
  })

  it('serves a folder beside the signalling, and answers at / without one', async () => {
    write('public/index.html', '<title>the game</title>')
    const { url } = await serve(GAME, '--static', join(folder, 'public'))
    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(await page.text()).toBe('<title>the game</title>')
    await joinServer(url)

    const bare = await serve(GAME)
    expect((await fetch(bare.url)).status).toBe(200)
  })

  it('takes the port from PORT, and an option over it', async () => {
    const command = new RunningCommand(['serve', GAME, '--host', '127.0.0.1'], { PORT: '0' })
    running.push(() => command.stop())
    const { port } = await command.says('listening')
    expect(port).not.toBe(9208)
    const other = new RunningCommand(['serve', GAME, '--port', '0'], { PORT: '1' })
    running.push(() => other.stop())
    await other.says('listening')
  })

  it('lets in as many as --max-connections says', async () => {
    const { url } = await serve(GAME, '--max-connections', '1')
    await joinServer(url)
    const world = createClientWorld(protocol, { entityIndex })
    await expect(connect(world, { url, timeout: 10_000 })).rejects.toMatchObject({ code: 'server-full' })
  })

  it('runs a game in JavaScript, as an installed package would', async () => {
    const game = write(
      'installed/game.js',
      `import { createEntityIndex, query } from 'bitecs'
       import { defineProtocol, defineMessage, string, sendMessage } from 'bitecs-net'
       import { Ready } from 'bitecs-net/components'
       const Say = defineMessage({ text: string(100) }, { from: 'both' })
       export const protocol = defineProtocol({ messages: { Say } })
       export const systems = [(world) => {
         for (const to of query(world, [Ready])) sendMessage(world, Say, { text: 'hello' }, { to })
       }]`,
    )
    write('installed/package.json', '{ "type": "module" }')
    mkdirSync(join(folder, 'installed/node_modules'))
    symlinkSync(root, join(folder, 'installed/node_modules/bitecs-net'), 'junction')
    symlinkSync(join(root, 'node_modules/bitecs'), join(folder, 'installed/node_modules/bitecs'), 'junction')
    const bots = write(
      'installed/bots.mjs',
      `import { drain } from 'bitecs-net'
       import { protocol } from './game.js'
       export { protocol }
       export const createBot = () => [function listen(world) {
         for (const { args } of drain(world, protocol.messages.Say)) throw new Error('heard ' + args.text)
       }]`,
    )
    const { url } = await serve(game)
    const crowd = run('bots', bots, '--url', url)
    const line = await crowd.says('the system listen threw')
    expect(line).toMatchObject({ bot: 0, err: { message: 'heard hello' } })
  })
})

describe('bots', () => {
  it('play, and end with exit code 0 when the server stops', async () => {
    const { server, url } = await serve(GAME)
    const crowd = run('bots', BOTS, '--count', '10', '--url', `${url}/`)
    await crowd.says('10 of 10 bots connected')
    const client = await joinServer(url)
    const shown = (): number[] => [...query(client.world, [Place])].map((eid) => Place.x[eid]!)
    await client.until('every bot to have moved', () => shown().filter((x) => x >= 10 && x < 20).length === 10)
    expect(new Set(shown()).size).toBe(11)

    server.kill('SIGTERM')
    expect(await server.end()).toBe(0)
    expect(await crowd.end()).toBe(0)
    expect(crowd.lines.filter(({ msg }) => msg.endsWith('left: the server stopped'))).toHaveLength(10)
    expect(crowd.lines.at(-1)?.msg).toBe('all bots have disconnected')
    expect(crowd.stderr).toBe('')
  })

  it('say goodbye on SIGINT', async () => {
    const { server, url } = await serve(GAME)
    const crowd = run('bots', BOTS, '--count', '2', '--url', url)
    await crowd.says('2 of 2 bots connected')
    crowd.kill('SIGINT')
    expect(await crowd.end()).toBe(0)
    await server.says('client 1 left: the bots stopped')
    await server.says('client 2 left: the bots stopped')
  })

  it('get the list of differences when their protocol differs', async () => {
    const { url } = await serve(GAME)
    const bots = write(
      'other/bots.ts',
      `import { defineProtocol } from '${root}dist/index.js'
       export const protocol = defineProtocol({})
       export const createBot = () => []`,
    )
    const crowd = run('bots', bots, '--url', url)
    expect(await crowd.end()).toBe(1)
    expect(crowd.stderr).toMatch(/^bitecs-net: cannot connect to \S+ \(protocol-mismatch\): .*Move/)
    expect(crowd.stderr.trimEnd()).not.toContain('\n')
  })
})

describe('a mistake', () => {
  /** Runs to its end and gives what it wrote to standard error, which must be one sentence without a stack. */
  async function mistake(...args: string[]): Promise<string> {
    const command = run(...args)
    expect(await command.end()).toBe(1)
    expect(command.stdout).toBe('')
    expect(command.stderr).not.toMatch(/^\s+at /m)
    return command.stderr
  }

  it('in the port is reported with a way to fix it', async () => {
    const { port } = await serve(GAME)
    expect(await mistake('serve', GAME, '--port', `${port}`, '--host', '127.0.0.1')).toBe(
      `bitecs-net: port ${port} is in use: stop the program that uses it or choose another with --port\n`,
    )
  })

  it('in the path of the module is reported with the full path', async () => {
    expect(await mistake('serve', 'nowhere/game.ts')).toBe(
      `bitecs-net: the game module does not exist: ${join(root, 'nowhere/game.ts')}\n`,
    )
  })

  it('in the module itself is reported with its file', async () => {
    const game = write('throws.ts', `throw new Error('no map')`)
    expect(await mistake('serve', game)).toMatch(/^bitecs-net: cannot load \S+throws\.ts\S*: no map\n$/)
  })

  it('in its setup is reported', async () => {
    const game = write(
      'setup.ts',
      `import { protocol } from '${root}${GAME}'
       export { protocol }
       export const systems = []
       export const setup = async () => { throw new Error('no database') }`,
    )
    expect(await mistake('serve', game)).toBe(`bitecs-net: setup of ${game} failed: no database\n`)
  })

  it('in a setup that never resolves is reported', async () => {
    const game = write(
      'never.ts',
      `export { protocol, systems } from '${root}${GAME}'
       export const setup = () => new Promise(() => {})`,
    )
    expect(await mistake('serve', game)).toBe(
      'bitecs-net: the game module or its setup awaits a promise that never settles\n',
    )
  })

  it('in the exports is reported with the exports that exist', async () => {
    expect(await mistake('serve', BOTS)).toBe(
      `bitecs-net: ${BOTS} must export systems, an array of functions; it exports createBot, protocol, rate\n`,
    )
    expect(await mistake('bots', GAME)).toContain(`${GAME} must export createBot, a function; it exports Move`)
  })

  it('in createBot is reported', async () => {
    const { url } = await serve(GAME)
    const head = `export { protocol } from '${root}${GAME}'\n`
    const throws = write('bot-throws.ts', `${head}export const createBot = () => { throw new Error('no brain') }`)
    expect(await mistake('bots', throws, '--url', url)).toBe(`bitecs-net: createBot of ${throws} failed: no brain\n`)
    const wrong = write('bot-wrong.ts', `${head}export const createBot = () => 1`)
    expect(await mistake('bots', wrong, '--url', url)).toContain('must return an array of functions')
  })

  it('in an option is reported', async () => {
    expect(await mistake('serve', GAME, '--port', 'http')).toContain('Must be a whole number from 0 to 65535.')
    expect(await mistake('serve', GAME, '--prot', '1')).toContain("unknown option '--prot'")
    expect(await mistake('serve', GAME, '--static', 'nowhere')).toBe(
      `bitecs-net: the folder of --static does not exist: ${join(root, 'nowhere')}\n`,
    )
  })

  it('is reported when the command is installed elsewhere than the game’s library', async () => {
    const game = write('apart/game.ts', `export { protocol, systems } from '${root}${GAME}'`)
    write('apart/node_modules/bitecs-net/package.json', '{ "name": "bitecs-net", "exports": "./index.js" }')
    const theirs = write('apart/node_modules/bitecs-net/index.js', 'export {}')
    expect(await mistake('serve', game)).toContain(`${game} uses another copy of bitecs-net (${theirs})`)
  })
})

describe('bench', () => {
  /** Runs it to its end. */
  function bench(...args: string[]): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}dist/cli.js`, 'bench', ...args], {
      cwd: root,
      encoding: 'utf8',
    })
    return { code: status, out: stdout, err: stderr }
  }

  it("measures a game's own components, calls and messages, and prints JSON that a later run compares with", () => {
    const { code, out } = bench(GAME, '--quick', '--json', '--entities', '40')
    expect(code).toBe(0)
    const { meta, rows } = JSON.parse(out) as {
      meta: object
      rows: { scenario: string; subject: string; median: number }[]
    }
    expect(Object.keys(meta)).toEqual(['version', 'node', 'cpu', 'date', 'seed'])
    expect([...new Set(rows.map(({ scenario }) => scenario))]).toEqual(['encode', 'decode', 'join', 'dispatch'])
    const calls = rows.filter(({ scenario }) => scenario === 'dispatch').map(({ subject }) => subject)
    expect(calls).toEqual([
      'bitecs-net, command Move',
      'bitecs-net, message Say of a client',
      'bitecs-net, message Say of the server',
    ])
    for (const { median } of rows) expect(median).toBeGreaterThan(0)

    const old = write('old.json', out)
    const again = bench(GAME, '--quick', '--entities', '40', '--scenario', 'encode', '--compare', old)
    expect(again.code).toBe(0)
    expect(again.out).toContain('encode, N=40 f=10%')
    expect(again.out).toMatch(/compared with .*\n.*against the others/)
  })

  it.each([
    { args: ['nothing.ts'], says: 'the game module does not exist' },
    { args: [GAME, '--scenario', 'nothing'], says: 'Must be one of encode, decode, join, dispatch.' },
    { args: [GAME, '--compare', 'nothing.json'], says: 'cannot read the file of --compare' },
    { args: ['test/contract/cli/bots.ts', '--entities', '0'], says: 'Must be a whole number from 4' },
  ])('says what is wrong with $args', ({ args, says }) => {
    const { code, out, err } = bench(...args)
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toContain(says)
  })
})

describe('bots of the killed server', () => {
  it('end with exit code 1, when they have waited for it long enough', async () => {
    expect(await orphans!.end()).toBe(1)
    expect(orphans!.lines.at(-1)?.msg).toBe('all bots have disconnected')
  })
})
