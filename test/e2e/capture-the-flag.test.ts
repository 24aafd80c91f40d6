// The whole thing, as people meet it: a server process, bots, and two players in a real browser, over real WebRTC.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GameSnapshot } from '../../examples/capture-the-flag/client/probe.js'
import { launchChromium } from '../support/chromium.js'
import { until } from '../support/until.js'
import { bundleGame, GamePage, type Program, serveGame, startBots } from './game.js'

const BOTS = ['Juniper', 'Rowan', 'Aspen', 'Maple']
/** Bots that do nothing but run for the flag need twelve seconds or so there and back. */
const CAPTURE_LIMIT = 40_000

let browser: Browser
let server: Program
let bots: Program
let address: string
let ada: GamePage
let bob: GamePage

beforeAll(async () => {
  await bundleGame()
  ;[browser, { server, address }] = await Promise.all([launchChromium(), serveGame()])
  bots = startBots('test/e2e/runners.ts', BOTS.length, address)
})

afterAll(async () => {
  await browser?.close()
  await bots?.stop()
  await server?.stop()
})

test('two pages and four bots play together, and everyone knows who everyone is', async () => {
  ada = await GamePage.open(browser, address, 'Ada')
  bob = await GamePage.open(browser, address, 'Bob')
  for (const page of [ada, bob]) {
    const everyone = [...BOTS, 'Ada', 'Bob'].sort()
    const game = await page.sees('six players', ({ players }) => {
      const names = players.map(({ name }) => name).sort()
      return names.join() === everyone.join()
    })
    expect(game.players.filter(({ team }) => team === 0)).toHaveLength(3)
    expect(game.flags).toHaveLength(2)
    expect(game.players.find(({ id }) => id === game.me)!.name).toBe(page.name)
  }
  await ada.keepPicture('joined')
})

test('a player runs by key press, and the other page sees it', async () => {
  const { me, players } = await ada.look()
  const before = players.find(({ id }) => id === me)!
  await ada.page.keyboard.down('ArrowDown')
  const there = await bob.sees('Ada running down', (game) => game.players.find(({ id }) => id === me)!.y > before.y + 4)
  expect(there.me).not.toBe(me)
  await ada.page.keyboard.up('ArrowDown')
})

test('a snowball thrown by key flies on the other page too', async () => {
  await ada.page.keyboard.down('Space')
  const { balls } = await bob.sees('a ball', (game) => game.balls > 0)
  await ada.page.keyboard.up('Space')
  expect(balls).toBeGreaterThan(0)
  await bob.keepPicture('snowball')
})

test('a captured flag is announced to every client', { timeout: CAPTURE_LIMIT * 2 }, async () => {
  const told = ({ feed, banner, scores }: GameSnapshot): boolean =>
    feed.some((line) => line.includes(' captured the ')) &&
    banner.includes(' captured the ') &&
    scores[0] + scores[1] > 0
  await Promise.all([ada.sees('a capture', told, CAPTURE_LIMIT), bob.sees('a capture', told, CAPTURE_LIMIT)])
  await Promise.all([ada.keepPicture('captured-ada'), bob.keepPicture('captured-bob')])
  // Each bot comments on the message when it gets it.
  const { feed } = await ada.sees('a word of every bot', (game) => BOTS.every((bot) => hasSpoken(game, bot)))
  expect(feed.filter((line) => line.includes(' captured the '))).not.toEqual([])
  await ada.keepPicture('chat')
})

function hasSpoken({ feed }: GameSnapshot, name: string): boolean {
  return feed.some((line) => line.startsWith(`${name}: `))
}

test('what one player says, the others read', async () => {
  await bob.page.keyboard.press('Enter')
  await bob.page.keyboard.type('hello <b>you</b>')
  await bob.page.keyboard.press('Enter')
  const { feed } = await ada.sees('the words', (game) => hasSpoken(game, 'Bob'))
  expect(feed).toContain('Bob: hello <b>you</b>')
})

test('a player who closes the page is gone for the others', async () => {
  await bob.page.close()
  // A page that is closed may have no time to say goodbye; then the server misses it after some seconds.
  const game = await ada.sees('Bob leave', ({ feed }) =>
    feed.some((line) => /^Bob (left|lost the connection)$/.test(line)),
  )
  expect(game.players.map(({ name }) => name)).not.toContain('Bob')
})

test('one who comes late sees everyone, with names and the score', async () => {
  bob = await GamePage.open(browser, address, 'Bob')
  const game = await bob.sees('six players', ({ players }) => players.length === 6)
  expect(game.players.map(({ name }) => name).sort()).toEqual([...BOTS, 'Ada', 'Bob'].sort())
  // Asked anew each time, since the bots go on playing.
  const same = async (): Promise<boolean> => (await ada.look()).scores.join() === (await bob.look()).scores.join()
  await until('the same score on both pages', same)
})

test('when the server stops, every page says why', async () => {
  // Whoever asks a server that is gone gets an error of the network; up to here there is none.
  expect([ada.errors, bob.errors]).toEqual([[], []])
  await server.stop()
  for (const page of [ada, bob]) {
    const game = await page.sees('the end', ({ status }) => status === 'ended')
    expect(game.reason).toBe('the server stopped')
    expect(game.players).toEqual([])
    await page.page.getByText('the server stopped').waitFor({ timeout: 2000 })
  }
  await ada.keepPicture('ended')
  expect(server.exitCode).toBe(0)
  await bots.stop()
  expect(bots.exitCode).toBe(0)
})

test('when the server is back, one key is enough to play again', async () => {
  ;({ server } = await serveGame({ port: Number(new URL(address).port) }))
  // The button has the focus.
  await ada.page.keyboard.press('Enter')
  const game = await ada.sees('herself', ({ players, status }) => status === 'playing' && players.length === 1)
  expect(game.players[0]!.name).toBe('Ada')
  await ada.keepPicture('again')
})
