// The README's quick start, pasted: every block of code compiles, the server runs, and a client moves its dot.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { codeFiles } from './code-blocks.js'
import { Installation, packedFiles } from './installed.js'

const PEERS = ['bitecs', '@geckos.io/client', '@geckos.io/server', 'node-datachannel', '@types/node']
const COMMAND = ['commander', 'jiti', 'leven', 'pino', 'pino-pretty', 'prom-client', 'sirv']

describe("the README's quick start", () => {
  const blocks = codeFiles(readFileSync(`${root}README.md`, 'utf8'))
  let place: Installation
  let server: ChildProcess | undefined

  beforeAll(() => {
    place = new Installation(packedFiles(), [...PEERS, ...COMMAND])
    writeFileSync(join(place.folder, 'package.json'), '{ "type": "module" }')
    for (const [name, text] of blocks) writeFileSync(join(place.folder, name), text)
  }, 60_000)

  afterAll(() => {
    server?.kill('SIGKILL')
    place.remove()
  })

  it('is the smallest example, which a test plays in Chromium', () => {
    for (const name of ['protocol.ts', 'server.ts', 'client.ts']) {
      const example = readFileSync(`${root}examples/minimal/${name}`, 'utf8')
      expect(blocks.get(name)!.split('\n').slice(1)).toEqual(example.split('\n').slice(1))
    }
  })

  it('says which node-datachannel to take before anything is installed, and the one that this is tested with', () => {
    const text = readFileSync(`${root}README.md`, 'utf8')
    const { overrides } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      overrides: Record<string, string>
    }
    const wanted = `dependencies.node-datachannel=${overrides['node-datachannel']} overrides.node-datachannel=`
    const [set, install] = [text.indexOf(wanted), text.indexOf('npm install ')]
    expect(set).toBeGreaterThan(0)
    expect(install).toBeGreaterThan(set)
  })

  it('compiles', () => {
    expect([...blocks.keys()]).toEqual(['protocol.ts', 'server.ts', 'client.ts', 'taste.ts'])
    const program = ts.createProgram(
      [...blocks.keys()].map((name) => join(place.folder, name)),
      {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
        types: [],
        strict: true,
        skipLibCheck: true,
        noEmit: true,
      },
    )
    const problems = ts.getPreEmitDiagnostics(program)
    expect(problems.map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'))).toEqual([])
  })

  it('runs what "How it feels" shows: a shot is seen, paid for, and told', async () => {
    writeFileSync(
      join(place.folder, 'play-taste.ts'),
      `import { addComponent, addEntity, query } from 'bitecs'
      import { drain, setPlayer } from 'bitecs-net'
      import { LocalPlayer, Networked } from 'bitecs-net/components'
      import { createTestNetwork } from 'bitecs-net/testing'
      import { clientSystem, protocol, serverSystem } from './taste.js'
      const { Prize } = protocol.remote
      const { Chat } = protocol.messages
      const network = createTestNetwork(protocol, { serverSystems: [serverSystem] })
      const { world, connection } = network.clients[0]
      const ship = addEntity(network.server)
      addComponent(network.server, ship, Networked)
      setPlayer(network.server, connection, ship)
      network.tick(3)
      clientSystem(world, query(world, [LocalPlayer])[0])
      network.tick(3)
      clientSystem(world, query(world, [LocalPlayer])[0])
      console.log('gold', Array.from(drain(world, Prize), ({ args }) => args.gold).join())
      console.log('chat', Array.from(drain(world, Chat), ({ args }) => args.text).join())`,
    )
    await build({
      entryPoints: [join(place.folder, 'play-taste.ts')],
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      outfile: join(place.folder, 'play-taste.mjs'),
    })
    const { stdout, stderr } = place.node('play-taste.mjs')
    expect(stderr).toBe('')
    // The one who fired is the only observer, and is left out of the chat.
    expect(stdout.trim().split('\n')).toEqual(['boom at 0.5 0', 'gold 5', 'chat'])
  }, 30_000)

  it('bundles for a browser', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(place.folder, 'client.ts')],
      bundle: true,
      format: 'esm',
      write: false,
      logOverride: { 'ignored-bare-import': 'silent' },
    })
    expect(outputFiles[0]!.text).not.toMatch(/from\s*"node:|@geckos\.io\/server/)
  })

  it('runs: the server serves, and a client that sends Go sees its dot move', async () => {
    const cli = join(place.library, 'dist/cli.js')
    server = spawn(process.execPath, [cli, 'serve', 'server.ts', '--port', '0', '--log-format', 'json'], {
      cwd: place.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const port = await new Promise<string>((resolve, reject) => {
      let text = ''
      const read = (chunk: Buffer): void => {
        text += chunk.toString()
        const found = /http:\/\/[^:"\s]+:(\d+)/.exec(text)
        if (found !== null) resolve(found[1]!)
      }
      server!.stdout!.on('data', read)
      server!.stderr!.on('data', read)
      server!.on('exit', () => reject(new Error(`the server ended: ${text}`)))
    })
    writeFileSync(
      join(place.folder, 'player.ts'),
      `import { query } from 'bitecs'
      import { sendCommand } from 'bitecs-net'
      import { LocalPlayer } from 'bitecs-net/components'
      import { clientReceive, clientSend, connect, createClientWorld, startLoop } from 'bitecs-net/node'
      import { Go, Position, protocol } from './protocol.js'
      const world = createClientWorld(protocol)
      await connect(world, { url: 'http://127.0.0.1:${port}' })
      let sent = false
      const play = () => {
        for (const dot of query(world, [LocalPlayer])) {
          if (!sent) sendCommand(world, dot, Go, { x: 30, y: 70 })
          sent = true
          if (Math.abs(Position.x[dot]! - 30) < 0.1 && Math.abs(Position.y[dot]! - 70) < 0.1) {
            console.log('moved')
            process.exit(0)
          }
        }
      }
      startLoop(world, [...clientReceive, play, ...clientSend], { rate: 60 })
      setTimeout(() => process.exit(1), 15_000)`,
    )
    const player = await build({
      entryPoints: [join(place.folder, 'player.ts')],
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      outfile: join(place.folder, 'player.mjs'),
    })
    expect(player.errors).toEqual([])
    const { code, stdout } = place.node('player.mjs')
    expect(stdout.trim()).toBe('moved')
    expect(code).toBe(0)
  }, 60_000)
})
