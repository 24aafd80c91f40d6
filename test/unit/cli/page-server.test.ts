// The page beside the signalling: files, nothing outside the folder, nothing hidden, and no request that ends the
// process.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPageServer, limitPageSockets, startListening, stopListening } from '../../../src/cli/page-server.js'

const parent = mkdtempSync(join(tmpdir(), 'bitecs-net-page-'))
const folder = join(parent, 'public')

beforeAll(() => {
  mkdirSync(join(folder, '.git'), { recursive: true })
  mkdirSync(join(folder, '.well-known'))
  mkdirSync(join(parent, 'public-secret'))
  writeFileSync(join(folder, 'index.html'), '<title>the game</title>')
  writeFileSync(join(folder, 'game.js'), 'play()')
  writeFileSync(join(folder, '.env'), 'SECRET')
  writeFileSync(join(folder, '.git', 'config'), 'SECRET')
  writeFileSync(join(folder, '.well-known', 'security.txt'), 'write to us')
  writeFileSync(join(parent, 'outside.txt'), 'SECRET')
  writeFileSync(join(parent, 'public-secret', 'key.txt'), 'SECRET')
})
afterAll(() => rmSync(parent, { recursive: true, force: true }))

let running: Server | undefined
let port = 0

async function start(path?: string): Promise<void> {
  running = createPageServer(path)
  port = await startListening(running, 0, '127.0.0.1')
}

afterEach(async () => {
  if (running !== undefined) await stopListening(running)
  running = undefined
})

interface Answer {
  status: number | undefined
  body: string
  headers: IncomingHttpHeaders
}

/** As raw as it gets: `fetch` would tidy the path up. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('without a folder', () => {
  it('answers at / and nowhere else', async () => {
    await start()
    expect(await ask('/')).toMatchObject({ status: 200, body: 'This is a bitecs-net server.\n' })
    expect((await ask('/?x=1')).status).toBe(200)
    expect((await ask('/index.html')).status).toBe(404)
    expect((await ask('/%')).status).toBe(404)
    expect((await ask('/', {}, 'POST')).status).toBe(405)
  })
})

describe('a folder', () => {
  it('is served, with types and revalidation', async () => {
    await start(folder)
    const page = await ask('/')
    expect(page).toMatchObject({ status: 200, body: '<title>the game</title>' })
    expect(page.headers['content-type']).toBe('text/html;charset=utf-8')
    expect((await ask('/game.js?v=2')).body).toBe('play()')
    expect((await ask('/', { 'if-none-match': page.headers['etag']! })).status).toBe(304)
    expect(await ask('/game.js', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect((await ask('/nothing.js')).status).toBe(404)
    expect((await ask('/.well-known/security.txt')).body).toBe('write to us')
  })

  it('is served as it is now, also when a file was built again', async () => {
    await start(folder)
    const file = join(folder, 'built.js')
    writeFileSync(file, 'short')
    expect((await ask('/built.js')).body).toBe('short')
    writeFileSync(file, 'a good deal longer than before')
    expect((await ask('/built.js')).body).toBe('a good deal longer than before')
  })

  it('ends an answer at its promised length when the file grows meanwhile, and the next answer follows', async () => {
    const file = join(folder, 'growing.js')
    writeFileSync(file, 'short')
    await start(folder)
    running!.on('request', () => appendFileSync(file, ' and longer'))
    expect((await ask('/growing.js')).body).toBe('short')
    expect((await ask('/growing.js')).body).toBe('short and longer')
    expect((await ask('/growing.js', { range: 'bytes=1-' })).body).toBe('hort and longer and longer')
    expect((await ask('/growing.js', {}, 'HEAD')).status).toBe(200)
    writeFileSync(file, '')
    expect((await ask('/growing.js')).body).toBe('')
  })

  it('closes the connection when the file shrinks while it is sent', async () => {
    const file = join(folder, 'shrinking.js')
    writeFileSync(file, 'long')
    await start(folder)
    running!.keepAliveTimeout = 0
    running!.once('request', () => truncateSync(file, 1))
    await expect(ask('/shrinking.js')).rejects.toThrow('aborted')
    expect((await ask('/shrinking.js')).body).toBe('l')
  })

  it.each([
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '/../public-secret/key.txt',
    '/..\\outside.txt',
    '/x/../../outside.txt',
    '//../outside.txt',
  ])('gives nothing away for %s', async (path) => {
    await start(folder)
    const { status, body } = await ask(path)
    expect(status).toBe(404)
    expect(body).not.toContain('SECRET')
  })

  it.each([
    ['bytes=5-2', 416],
    ['bytes=9999999999999999999999999999999999999999-', 200],
    ['bytes=999999999999999-', 416],
    ['bytes=-3', 200],
    ['lines=1-2', 200],
    ['bytes=', 200],
  ])('survives the range %s', async (range, expected) => {
    await start(folder)
    expect((await ask('/game.js', { range })).status).toBe(expected)
    expect((await ask('/game.js')).body).toBe('play()')
  })

  it('sends a part of a file', async () => {
    await start(folder)
    expect(await ask('/game.js', { range: 'bytes=1-3' })).toMatchObject({ status: 206, body: 'lay' })
    expect((await ask('/game.js', { range: 'bytes=100-' })).status).toBe(416)
  })

  it('does not follow links out of its folder, also where they look precompressed', async () => {
    symlinkSync(join(parent, 'outside.txt'), join(folder, 'link.txt'))
    symlinkSync(parent, join(folder, 'up'))
    symlinkSync('/proc/self/mem', join(folder, 'memory.bin'))
    symlinkSync(join(parent, 'outside.txt'), join(folder, 'other.js.br'))
    writeFileSync(join(folder, 'other.js'), 'other()')
    symlinkSync(join(folder, 'game.js'), join(folder, 'inside.js'))
    await start(folder)
    for (const path of ['/link.txt', '/up/outside.txt', '/up/', '/memory.bin', '/other.js', '/link.txt/']) {
      const { status, body } = await ask(path, { 'accept-encoding': 'br' })
      expect([path, status]).toEqual([path, 404])
      expect(body).not.toContain('SECRET')
    }
    expect((await ask('/inside.js')).body).toBe('play()')
  })

  it('is served when it is itself a link, also when the link changes later', async () => {
    const link = join(parent, 'current')
    symlinkSync(folder, link)
    await start(link)
    expect((await ask('/game.js')).body).toBe('play()')
  })

  it('sends a precompressed file to browsers that take it', async () => {
    writeFileSync(join(folder, 'large.js'), 'plain')
    writeFileSync(join(folder, 'large.js.br'), 'brotli')
    writeFileSync(join(folder, 'large.js.gz'), 'gzip')
    await start(folder)
    const bodyFor = async (accepted: string) => {
      const { body, headers } = await ask('/large.js', { 'accept-encoding': accepted })
      return [body, headers['content-encoding'], headers['content-type'], headers.vary]
    }
    expect(await bodyFor('gzip, deflate, br')).toEqual(['brotli', 'br', 'text/javascript', 'Accept-Encoding'])
    expect(await bodyFor('gzip')).toEqual(['gzip', 'gzip', 'text/javascript', 'Accept-Encoding'])
    expect((await bodyFor('br;q=0, gzip;q=0.5'))[0]).toBe('gzip')
    expect((await bodyFor(''))[0]).toBe('plain')
  })

  it('leads the address of a folder to the one with a slash', async () => {
    mkdirSync(join(folder, 'level'))
    writeFileSync(join(folder, 'level', 'index.html'), 'level')
    await start(folder)
    expect(await ask('/level')).toMatchObject({ status: 301, headers: { location: './level/' } })
    expect((await ask('/level/')).body).toBe('level')
  })

  it('is refused in one sentence when it is missing, or a file', () => {
    expect(() => createPageServer(join(parent, 'nothing'))).toThrow(
      /^the folder of --static does not exist: .*nothing$/,
    )
    expect(() => createPageServer(join(folder, 'game.js'))).toThrow(/^--static must name a folder, not a file: /)
  })
})

describe('listening', () => {
  it('says how to choose another port when one is taken', async () => {
    await start()
    const second = createPageServer(undefined)
    await expect(startListening(second, port, '127.0.0.1')).rejects.toThrow(
      `port ${port} is in use: stop the program that uses it or choose another with --port`,
    )
  })

  it('says so when the address is not of this machine', async () => {
    const server = createPageServer(undefined)
    await expect(startListening(server, 0, '192.0.2.1')).rejects.toThrow(
      'this machine has no address 192.0.2.1: choose another with --host',
    )
  })
})

describe('sockets of the page', () => {
  it('are bounded for each address, and those that were too many are counted', () => {
    const server = createPageServer(undefined)
    let shut = 0
    limitPageSockets(server, ['203.0.113.9'], () => shut++)
    const arrive = (remoteAddress: string): void => {
      server.emit('connection', Object.assign(new Duplex({ read() {} }), { remoteAddress, setTimeout() {} }))
    }
    for (let i = 0; i < 300; i++) for (const address of ['203.0.113.1', '203.0.113.9', '127.0.0.1']) arrive(address)
    expect(shut).toBe(300 - 256)
    // And above the limit of all together.
    server.emit('drop')
    expect(shut).toBe(300 - 256 + 1)
  })
})
