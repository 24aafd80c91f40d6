// The whole thing, as people meet it: a server process, bots, two players in a real browser and one on a phone, over
// real WebRTC; and the page that plays offline.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GameSnapshot } from '../../examples/capture-the-flag/client/probe.js'
import { launchChromium } from '../support/chromium.js'
import { until } from '../support/until.js'
import { bundleGame, GamePage, type Program, SEEING_LIMIT, serveGame, startBots } from './game.js'

const BOTS = ['Juniper', 'Rowan', 'Aspen', 'Maple']
const EVERYONE = [...BOTS, 'Ada', 'Bob', 'Cyd'].sort().join()
/** Bots that do nothing but run for the flag need twelve seconds or so there and back. */
const CAPTURE_LIMIT = 40_000
const SHORT_MATCH = { module: 'test/e2e/short-match.ts' }

let browser: Browser
let server: Program
let bots: Program
let address: string
let ada: GamePage
let bob: GamePage
let cyd: GamePage

beforeAll(async () => {
  await bundleGame()
  ;[browser, { server, address }] = await Promise.all([launchChromium(), serveGame(SHORT_MATCH)])
})

afterAll(async () => {
  await browser?.close()
  await bots?.stop()
  await server?.stop()
})

test('two pages, a phone and four bots meet in the lobby, and everyone knows who everyone is', async () => {
  ada = await GamePage.open(browser, address, 'Ada')
  await ada.sees('herself', ({ players }) => players.length === 1)
  bob = await GamePage.open(browser, address, 'Bob')
  await bob.sees('both', ({ players }) => players.length === 2)
  cyd = await GamePage.openOnPhone(browser, address, 'Cyd')
  await cyd.sees('all three', ({ players }) => players.length === 3)
  bots = startBots('test/e2e/runners.ts', BOTS.length, address)
  for (const page of [ada, bob, cyd]) {
    const game = await page.sees('everyone', ({ players }) => namesOf(players) === EVERYONE)
    expect(game.scene).toBe('lobby')
    expect(playerOf(game, page.name).id).toBe(game.me)
    expect(game.players.filter(({ team }) => team === 0)).toHaveLength(4)
  }
  await Promise.all([ada.keepPicture('lobby'), cyd.keepPicture('phone-lobby')])
})

test('a player chooses a team, and one that has enough players refuses the next', async () => {
  await ada.page.getByText('Join Orange').click()
  await ada.page.getByText('You play for Orange').waitFor()
  await bob.sees('Ada in Orange', (game) => playerOf(game, 'Ada').team === 1)
  await cyd.page.getByText('Join Orange').tap()
  await cyd.page.getByText('That team has enough players already').waitFor()
  expect(playerOf(await bob.look(), 'Cyd').team).toBe(0)
})

test('messages to the team reach the team alone, messages to all reach everybody', async () => {
  await bob.say('/t behind the trees')
  await bob.say('hello <b>you</b>')
  for (const page of [ada, cyd]) {
    const { feed } = await page.sees('the words', ({ feed: lines }) => lines.includes('Bob: hello <b>you</b>'))
    // Bob said this before, and what he says arrives in order.
    expect(feed.includes('Bob to the team: behind the trees')).toBe(page === ada)
  }
})

test('Play takes everyone to the match, bots included', async () => {
  await ada.page.locator('#play').click()
  await bob.page.locator('#play').click()
  await cyd.page.locator('#play').tap()
  for (const page of [ada, bob, cyd]) {
    const { flags } = await page.sees('the match', (game) => game.scene === 'match' && game.flags.length === 2)
    expect(new Set(flags.map(({ team }) => team))).toEqual(new Set([0, 1]))
  }
})

test('the shop refuses who has too few coins, and sells to who has enough', async () => {
  await ada.page.keyboard.press('Digit2')
  await ada.page.getByText('Not enough coins').waitFor()
  await ada.page.keyboard.press('Digit1')
  await ada.page.getByText('0 coins left').waitFor()
  const game = await bob.sees('that Ada has paid', ({ players }) => players.some(({ coins }) => coins === 0))
  expect(playerOf(game, 'Ada').coins).toBe(0)
})

test('a player runs by key press, and the other page sees it', async () => {
  const { y } = playerOf(await ada.look(), 'Ada')
  await ada.page.keyboard.down('ArrowDown')
  const there = await bob.sees('Ada running down', (game) => playerOf(game, 'Ada').y > y + 3)
  expect(there.me).not.toBe(playerOf(there, 'Ada').id)
  await ada.page.keyboard.up('ArrowDown')
})

test('on the phone the stick steers and the button throws', async () => {
  const { x } = playerOf(await cyd.look(), 'Cyd')
  // The field stands upright there, with the blue base below.
  const letGo = await cyd.pull('#stick', 0, -70)
  await ada.sees('Cyd running', (game) => playerOf(game, 'Cyd').x > x + 3)
  await Promise.all([cyd.keepPicture('phone-match'), ada.keepPicture('match')])
  await letGo()
  // Back again, until he looks away from the tree before him: a ball would burst on it in the tick that it is thrown.
  const far = playerOf(await cyd.look(), 'Cyd').x
  const stop = await cyd.pull('#stick', 0, 70)
  await ada.sees('Cyd running back', (game) => playerOf(game, 'Cyd').x < far - 1)
  await stop()
  const { balls } = await bob.look()
  const hasSeen = async (): Promise<boolean> => (await bob.look()).balls > balls
  const throwing = async (): Promise<boolean> => {
    await cyd.page.locator('#throw').tap()
    return hasSeen()
  }
  await until('Bob sees a ball', throwing, SEEING_LIMIT)
  expect(await hasSeen()).toBe(true)
})

test('on the phone all buttons are large enough for a thumb, and nothing scrolls', async () => {
  const sizes = await cyd.page.evaluate(() => ({
    buttons: [...document.querySelectorAll('button, #stick, #chat')]
      .map((one) => one.getBoundingClientRect())
      .filter(({ width }) => width > 0)
      .map(({ width, height }) => Math.min(width, height)),
    wide: document.documentElement.scrollWidth,
    high: document.documentElement.scrollHeight,
  }))
  expect(sizes.buttons.length).toBeGreaterThanOrEqual(5)
  expect(Math.min(...sizes.buttons)).toBeGreaterThanOrEqual(44)
  expect([sizes.wide, sizes.high]).toEqual([390, 844])
})

test('a captured flag is announced to every client', { timeout: CAPTURE_LIMIT * 2 }, async () => {
  const told = ({ feed, scores }: GameSnapshot): boolean =>
    feed.some((line) => line.includes(' captured the ')) && scores[0] + scores[1] > 0
  // The banner lasts for seconds, which a busy machine takes for a picture; so it is looked for from the beginning.
  const isShown = ({ banner }: GameSnapshot): boolean => banner.includes(' captured the ')
  const banner = ada.sees('the banner of a capture', isShown, CAPTURE_LIMIT)
  bots.signal('SIGUSR2')
  for (const page of [ada, bob, cyd]) {
    const { scores } = await page.sees('a capture', told, CAPTURE_LIMIT)
    expect(scores[0] + scores[1]).toBeGreaterThan(0)
  }
  await banner
  await ada.keepPicture('captured')
  // Each bot comments on the message when it gets it.
  await ada.sees('a word of every bot', (game) => BOTS.every((bot) => hasSpoken(game, bot)))
})

test('the last capture leads to the results, and these back to the lobby', { timeout: CAPTURE_LIMIT * 3 }, async () => {
  for (const page of [ada, bob, cyd]) {
    const isOver = ({ scene, players }: GameSnapshot): boolean => scene === 'results' && players.length === 7
    const { scores } = await page.sees('the results', isOver, CAPTURE_LIMIT * 2)
    expect(Math.max(...scores)).toBe(2)
    const title = scores[0] === 2 ? 'Blue wins' : 'Orange wins'
    await page.page.locator('#results-title', { hasText: title }).waitFor()
    await until('a row for each player', async () => (await page.page.locator('#results-rows tr').count()) === 7)
  }
  await Promise.all([ada.keepPicture('results'), cyd.keepPicture('phone-results')])
  for (const page of [ada, bob, cyd]) await page.sees('the lobby', ({ scene }) => scene === 'lobby', 20_000)
})

function namesOf(players: GameSnapshot['players']): string {
  return players
    .map(({ name }) => name)
    .sort()
    .join()
}

function playerOf({ players }: GameSnapshot, name: string): GameSnapshot['players'][number] {
  return players.find((player) => player.name === name)!
}

function hasSpoken({ feed }: GameSnapshot, name: string): boolean {
  return feed.some((line) => line.startsWith(`${name}: `))
}

test('a player who leaves the page is gone for the others', async () => {
  // A browser tells a page that it ends, unless it is the last one of all: that one is only left.
  await bob.page.goto('about:blank')
  const game = await ada.sees('Bob leave', ({ feed }) => feed.includes('Bob left'))
  expect(game.players.map(({ name }) => name)).not.toContain('Bob')
  await bob.page.close()
})

test('one who comes late sees everyone by name', async () => {
  bob = await GamePage.open(browser, address, 'Bob')
  // Entities may arrive between two frames of a busy page; the frame after them shows the scene.
  const isHere = ({ scene, players }: GameSnapshot): boolean => scene === 'lobby' && namesOf(players) === EVERYONE
  expect(await bob.sees('everyone in the lobby', isHere)).toMatchObject({ status: 'playing' })
})

test('when the server stops, every page says why', async () => {
  // A request to a server that is gone is an error of the network; up to here there is none.
  expect([ada.errors, bob.errors, cyd.errors]).toEqual([[], [], []])
  await server.stop()
  for (const page of [ada, bob, cyd]) {
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
  ;({ server } = await serveGame({ ...SHORT_MATCH, port: Number(new URL(address).port) }))
  // The button has the focus.
  await ada.page.keyboard.press('Enter')
  const game = await ada.sees('herself', ({ players, status }) => status === 'playing' && players.length === 1)
  expect(game.players[0]!.name).toBe('Ada')
  await ada.keepPicture('again')
})

test('the offline page needs no server: the same game against bots', async () => {
  const size = { viewport: { width: 1280, height: 800 } }
  const page = await GamePage.openWith(browser, `${address}/?offline&name=Eve`, 'Eve', size)
  await page.sees('herself and five bots', ({ players, scene }) => players.length === 6 && scene === 'lobby')
  await server.stop()
  await page.page.locator('#play').click()
  const { players } = await page.sees('the match', ({ scene }) => scene === 'match')
  const { x } = players.find(({ name }) => name === 'Juniper')!
  await page.page.keyboard.down('ArrowUp')
  const { y } = playerOf(await page.look(), 'Eve')
  await page.sees('herself and a bot running', (game) => {
    return playerOf(game, 'Eve').y < y - 3 && Math.abs(playerOf(game, 'Juniper').x - x) > 3
  })
  await page.page.keyboard.press('Digit2')
  await page.page.getByText('Not enough coins').waitFor()
  await page.keepPicture('offline')
  expect(page.errors).toEqual([])
})
