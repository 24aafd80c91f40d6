// Tests the rules of capture-the-flag over a network in memory: the effect of each command, and what clients receive.
import { hasComponent, query } from 'bitecs'
import { close, drain, NetworkErrors, sendCommand, sendMessage } from 'bitecs-net'
import { onSpawn } from 'bitecs-net/prefabs'
import { refusalOf, request } from 'bitecs-net/requests'
import { LocalPlayer, Networked } from 'bitecs-net/components'
import type { ClientWorld } from 'bitecs-net/client'
import { runSystems, type System } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, test } from 'vitest'
import { createBot } from '../../../examples/capture-the-flag/bots.js'
import {
  Ball,
  BallPrefab,
  Burst,
  Buy,
  Chat,
  ChooseTeam,
  Flag,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Frozen,
  Game,
  GetReady,
  Join,
  Lobby,
  Match,
  MatchOver,
  Move,
  Player,
  Position,
  protocol,
  Say,
  Swift,
  Tag,
  Tagged,
  Throw,
  YouWereFrozen,
  YouWereTagged,
} from '../../../examples/capture-the-flag/protocol.js'
import {
  BASES,
  BOOTS_SPEED,
  CELEBRATION,
  COINS,
  FLAG_RETURN_TIME,
  FREEZE_TIME,
  ICE_FREEZE,
  ITEMS,
  LOBBY_COUNTDOWN,
  PLAYER_RADIUS,
  PLAYER_SPEED,
  RESULTS_PAUSE,
  START_COUNTDOWN,
  TAG_PENALTY,
  TAG_REACH,
  TREES,
} from '../../../examples/capture-the-flag/rules.js'
import { setup, systems, tickRate } from '../../../examples/capture-the-flag/server.js'
import { Arena, type Contestant } from './arena.js'

function teams(...contestants: Contestant[]): number[] {
  return contestants.map(({ body }) => Player.team[body]!)
}

/** The names and teams of players that a client has. */
function peopleOf(one: Contestant): Record<number, { name: string; team: string }> {
  const [game] = query(one.world, [Game])
  return Object.fromEntries(Game.people[game!]!)
}

describe('joining and leaving', () => {
  test('players fill the smaller team, and every client has all names', () => {
    const arena = new Arena()
    const [ada, bob, cyd] = arena.joinAll('Ada', 'Bob', 'Cyd') as [Contestant, Contestant, Contestant]
    expect(teams(ada, bob, cyd)).toEqual([0, 1, 0])
    for (const one of [ada, bob, cyd]) {
      expect(peopleOf(one)).toEqual({
        [ada.number]: { name: 'Ada', team: 'Blue' },
        [bob.number]: { name: 'Bob', team: 'Orange' },
        [cyd.number]: { name: 'Cyd', team: 'Blue' },
      })
    }
    expect(Player.id[cyd.self]).toBe(cyd.number)
  })

  test('a late joiner is in the match, and sees players, flags, score and names', () => {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    Game.orange[arena.game] = 2
    bob.put(BASES[0].x, BASES[0].y)
    arena.network.tick(2)
    const eve = arena.join('Eve')
    expect(eve.isIn(Match)).toBe(true)
    expect(Object.values(peopleOf(eve)).map(({ name }) => name)).toEqual(['Ada', 'Bob', 'Eve'])
    expect(query(eve.world, [Player])).toHaveLength(3)
    expect(Game.orange[eve.seen(arena.game)]).toBe(2)
    // The field of an entity holds this client's own id of the carrier.
    expect(Flag.carrier[eve.seen(arena.flag(0))]).toBe(eve.seen(bob.body))
    expect(Player.team[eve.seen(ada.body)]).toBe(0)
  })

  test('a name is one tidy line, and can be changed', () => {
    const arena = new Arena()
    const [ada, bob] = arena.joinAll(' Ada\n of\u0007the  North ', '\u0000') as [Contestant, Contestant]
    expect(Object.values(peopleOf(bob)).map(({ name }) => name)).toEqual(['Ada of the North', `Player ${bob.number}`])
    sendMessage(bob.world, Join, { name: '🦊'.repeat(16) })
    arena.network.tick(3)
    expect(peopleOf(ada)[bob.number]).toEqual({ name: '🦊'.repeat(16), team: 'Orange' })
    expect(query(ada.world, [Player])).toHaveLength(2)
  })

  test('the flag of a player who disconnects returns home, and the player disappears for the others', async () => {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    bob.put(BASES[0].x, BASES[0].y)
    arena.network.tick(2)
    expect(Flag.carrier[arena.flag(0)]).toBe(bob.body)
    await close(bob.world)
    arena.network.tick(4)
    expect(Flag.carrier[arena.flag(0)]).toBe(0)
    expect(Flag.away[ada.seen(arena.flag(0))]).toBe(0)
    expect(ada.heard(FlagReturned)).toEqual([{ flag: 0, player: 0 }])
    expect(Object.keys(peopleOf(ada))).toEqual([`${ada.number}`])
    expect(query(ada.world, [Player])).toHaveLength(1)
  })
})

describe('chat', () => {
  test('a message to all reaches every player, as one line', () => {
    const arena = new Arena()
    const [ada, bob] = arena.joinAll('Ada', 'Bob') as [Contestant, Contestant]
    sendMessage(ada.world, Say, { text: 'over\nhere ', team: false })
    sendMessage(ada.world, Say, { text: ' \t ', team: false })
    arena.network.tick(3)
    for (const one of [ada, bob]) {
      expect(one.heard(Chat)).toEqual([{ player: ada.number, text: 'over here', team: false }])
    }
  })

  test("a message to the team reaches only the sender's team, also after a change of teams", async () => {
    const arena = new Arena()
    const [ada, bob, cyd] = arena.joinAll('Ada', 'Bob', 'Cyd') as [Contestant, Contestant, Contestant]
    const say = (text: string): void => {
      sendMessage(ada.world, Say, { text, team: true })
      arena.network.tick(3)
    }
    const heard = (): unknown[][] => [ada, bob, cyd].map((one) => one.heard(Chat).map((told) => told['text']))
    say('round the left')
    expect(heard()).toEqual([['round the left'], [], ['round the left']])
    await arena.answer(request(cyd.world, cyd.self, ChooseTeam, { team: 'Orange' }))
    say('again')
    expect(heard()).toEqual([['again'], [], []])
  })
})

describe('the lobby', () => {
  test('a player chooses a team, unless it is too large or a match is running', async () => {
    const arena = new Arena()
    const players = arena.joinAll('Ada', 'Bob', 'Cyd', 'Dan') as [Contestant, Contestant, Contestant, Contestant]
    const [ada, bob, cyd, dan] = players
    const choose = (one: Contestant, team: 'Blue' | 'Orange') =>
      arena.answer(request(one.world, one.self, ChooseTeam, { team }))
    expect(await choose(ada, 'Orange')).toEqual({ team: 'Orange' })
    expect(Player.team[bob.seen(ada.body)]).toBe(1)
    expect(peopleOf(dan)[ada.number]).toEqual({ name: 'Ada', team: 'Orange' })
    // Teams of one and three are the limit.
    expect(refusalOf(await choose(cyd, 'Orange'), ChooseTeam)).toBe('full')
    // A player who keeps the team makes no request.
    expect(await choose(ada, 'Orange')).toEqual({ team: 'Orange' })
    arena.begin(players)
    expect(refusalOf(await choose(ada, 'Blue'), ChooseTeam)).toBe('playing')
    expect(teams(...players)).toEqual([1, 1, 0, 1])
  })

  test('the match begins soon when all players are ready, later when some are, and not when none is', () => {
    const arena = new Arena()
    const [ada, bob] = arena.joinAll('Ada', 'Bob') as [Contestant, Contestant]
    const ready = (one: Contestant, wanted: boolean): void => {
      sendCommand(one.world, one.self, GetReady, { ready: wanted })
      arena.network.tick(4)
    }
    const countdown = (): number => Game.countdown[bob.seen(arena.game)]!
    arena.seconds(LOBBY_COUNTDOWN + 1)
    expect([ada.isIn(Lobby), countdown()]).toEqual([true, 0])
    ready(ada, true)
    expect([Player.ready[bob.seen(ada.body)], countdown()]).toEqual([1, LOBBY_COUNTDOWN])
    ready(ada, false)
    expect(countdown()).toBe(0)
    ready(ada, true)
    arena.seconds(LOBBY_COUNTDOWN - 1)
    expect(bob.isIn(Lobby)).toBe(true)
    arena.seconds(1)
    expect([ada.isIn(Match), bob.isIn(Match)]).toEqual([true, true])
    const again = new Arena()
    const [eve, fay] = again.joinAll('Eve', 'Fay') as [Contestant, Contestant]
    for (const one of [eve, fay]) sendCommand(one.world, one.self, GetReady, { ready: true })
    again.seconds(START_COUNTDOWN + 0.5)
    expect([eve.isIn(Match), fay.isIn(Match)]).toEqual([true, true])
  })

  test('a player cannot run or throw in the lobby', () => {
    const arena = new Arena()
    const ada = arena.join('Ada')
    const before = Position.x[ada.body]
    sendCommand(ada.world, ada.self, Move, { x: 1, y: 0 })
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    arena.seconds(1)
    expect(Position.x[ada.body]).toBe(before)
    expect(query(arena.network.server, [Ball])).toHaveLength(0)
  })
})

describe('running', () => {
  test('a player runs at full speed and no faster, in any direction', () => {
    const arena = new Arena()
    const [ada] = arena.play('Ada') as [Contestant]
    ada.put(10, 14)
    sendCommand(ada.world, ada.self, Move, { x: 1, y: 1 })
    arena.seconds(1)
    const way = Math.hypot(Position.x[ada.body]! - 10, Position.y[ada.body]! - 14)
    expect(way).toBeGreaterThan(PLAYER_SPEED * 0.9)
    expect(way).toBeLessThan(PLAYER_SPEED * 1.01)
  })

  test('trees and the edge of the field stop a player', () => {
    const arena = new Arena()
    const [ada] = arena.play('Ada') as [Contestant]
    const tree = TREES[0]
    ada.put(tree.x - 4, tree.y)
    sendCommand(ada.world, ada.self, Move, { x: 1, y: 0 })
    arena.seconds(2)
    expect(Math.hypot(Position.x[ada.body]! - tree.x, Position.y[ada.body]! - tree.y)).toBeGreaterThan(
      tree.radius + PLAYER_RADIUS - 0.01,
    )
    ada.put(2, 2)
    sendCommand(ada.world, ada.self, Move, { x: -1, y: -1 })
    arena.seconds(1)
    expect([Position.x[ada.body], Position.y[ada.body]].map((at) => at!.toFixed(1))).toEqual(['0.8', '0.8'])
  })
})

describe('flags', () => {
  test('a player takes a flag by touch and captures it at home, and every client drains the messages', () => {
    const arena = new Arena()
    const everyone = arena.play('Ada', 'Bob', 'Cyd', 'Dan')
    const [ada, bob] = everyone as [Contestant, Contestant]
    bob.put(30, 2)
    ada.put(BASES[1].x - 4, BASES[1].y)
    ada.runTo(BASES[1].x - 1, BASES[1].y)
    expect(Flag.carrier[arena.flag(1)]).toBe(ada.body)
    ada.runTo(BASES[0].x + 18, 10)
    ada.runTo(BASES[0].x + 2, BASES[0].y)
    for (const one of everyone) {
      expect(one.heard(FlagTaken)).toEqual([{ flag: 1, player: ada.number }])
      expect(one.heard(FlagCaptured)).toEqual([{ team: 0, player: ada.number, blue: 1, orange: 0 }])
      expect(Game.blue[one.seen(arena.game)]).toBe(1)
      expect(Player.captures[one.seen(ada.body)]).toBe(1)
    }
    expect([Position.x[arena.flag(1)], Position.y[arena.flag(1)]]).toEqual([BASES[1].x, BASES[1].y])
  })

  test('a dropped flag returns when a teammate touches it, or after a time', () => {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    const flag = arena.flag(0)
    const drop = (): void => {
      bob.put(BASES[0].x, BASES[0].y)
      arena.network.tick(1)
      bob.put(15, 14)
      ada.put(15, 15)
      arena.network.tick(3)
      sendCommand(ada.world, ada.self, Tag, { victim: ada.seen(bob.body) })
      // Out of the way, or it would touch the flag.
      ada.put(13, 13.5)
      arena.network.tick(2)
      arena.seconds(TAG_PENALTY + 0.5)
    }
    drop()
    expect([Flag.carrier[flag], Flag.away[flag]]).toEqual([0, 1])
    expect(ada.heard(FlagDropped)).toEqual([{ flag: 0, player: bob.number }])
    ada.put(15, 14)
    arena.network.tick(3)
    expect(Flag.away[flag]).toBe(0)
    expect(ada.heard(FlagReturned)).toEqual([{ flag: 0, player: ada.number }])
    drop()
    expect(Flag.away[flag]).toBe(1)
    ada.put(2, 2)
    arena.seconds(FLAG_RETURN_TIME)
    expect(Flag.away[flag]).toBe(0)
    expect(ada.heard(FlagReturned)).toEqual([{ flag: 0, player: 0 }])
  })

  test('the last capture ends the match, followed by the results, the lobby and the next match', () => {
    const arena = new Arena({ capturesToWin: 2 })
    const everyone = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    const [ada, bob] = everyone
    expect(ada.scene).toMatchObject({ name: 'Match', args: { capturesToWin: 2 } })
    bob.put(24, 8)
    for (let capture = 0; capture < 2; capture++) {
      ada.put(BASES[1].x, BASES[1].y)
      arena.network.tick(1)
      ada.put(BASES[0].x, BASES[0].y)
      arena.network.tick(1)
    }
    arena.network.tick(2)
    expect(bob.heard(FlagCaptured).map(({ blue }) => blue)).toEqual([1, 2])
    expect(bob.heard(MatchOver)).toEqual([{ winner: 0, blue: 2, orange: 0 }])
    // Captures no longer count.
    ada.put(BASES[1].x, BASES[1].y)
    arena.network.tick(2)
    expect(Flag.carrier[arena.flag(1)]).toBe(0)
    arena.seconds(CELEBRATION + 0.3)
    for (const one of everyone) {
      expect(one.scene).toMatchObject({ name: 'Results', args: { winner: 0, blue: 2, orange: 0 } })
      expect(query(one.world, [Flag])).toHaveLength(0)
      expect(Player.captures[one.seen(ada.body)]).toBe(2)
    }
    expect(query(arena.network.server, [Flag])).toHaveLength(0)
    arena.seconds(RESULTS_PAUSE)
    for (const one of everyone) expect(one.isIn(Lobby)).toBe(true)
    expect(Player.ready[ada.body]).toBe(0)
    arena.begin(everyone)
    expect(Game.blue[ada.seen(arena.game)]).toBe(0)
    expect(Player.captures[bob.seen(ada.body)]).toBe(0)
    expect(Position.x[ada.body]).toBeLessThan(10)
  })
})

describe('the shop', () => {
  const buy = (arena: Arena, one: Contestant, item: 'boots' | 'ice') =>
    arena.answer(request(one.world, one.self, Buy, { item }))

  test('a player with enough coins gets an item, and other requests are refused with a reason', async () => {
    const arena = new Arena()
    const [ada, bob] = arena.joinAll('Ada', 'Bob') as [Contestant, Contestant]
    expect(refusalOf(await buy(arena, ada, 'boots'), Buy)).toBe('not-now')
    arena.begin([ada, bob])
    expect(refusalOf(await buy(arena, ada, 'ice'), Buy)).toBe('too-poor')
    expect(await buy(arena, ada, 'boots')).toEqual({ coins: COINS.start - ITEMS.boots.price })
    expect(hasComponent(bob.world, bob.seen(ada.body), Swift)).toBe(true)
    expect(Player.coins[bob.seen(ada.body)]).toBe(COINS.start - ITEMS.boots.price)
    Player.coins[ada.body] = 10
    expect(refusalOf(await buy(arena, ada, 'boots'), Buy)).toBe('not-now')
    arena.seconds(ITEMS.boots.seconds + 0.2)
    expect(hasComponent(bob.world, bob.seen(ada.body), Swift)).toBe(false)
  })

  test('a player with boots runs faster', async () => {
    const arena = new Arena()
    const [ada] = arena.play('Ada') as [Contestant]
    await buy(arena, ada, 'boots')
    ada.put(10, 16)
    sendCommand(ada.world, ada.self, Move, { x: 1, y: 0 })
    arena.seconds(1)
    expect(Position.x[ada.body]! - 10).toBeGreaterThan(PLAYER_SPEED * BOOTS_SPEED * 0.9)
  })

  test('a ball of ice is icy on every client, freezes longer, and earns coins for the hit', async () => {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    const icy: boolean[] = []
    onSpawn(bob.world, BallPrefab, ({ args }) => void icy.push(args.icy))
    Player.coins[ada.body] = 3
    expect(await buy(arena, ada, 'ice')).toEqual({ coins: 0 })
    ada.put(20, 9)
    bob.put(27, 9)
    arena.network.tick(2)
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    arena.network.until(() => hasComponent(bob.world, bob.self, Frozen), 20)
    expect(icy).toEqual([true])
    expect(Player.coins[ada.body]).toBe(COINS.hit)
    arena.seconds(FREEZE_TIME + 0.5)
    expect(hasComponent(bob.world, bob.self, Frozen)).toBe(true)
    arena.seconds(FREEZE_TIME * (ICE_FREEZE - 1))
    expect(hasComponent(bob.world, bob.self, Frozen)).toBe(false)
  })
})

describe('tagging', () => {
  function face(): { arena: Arena; ada: Contestant; bob: Contestant } {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    ada.put(15, 13)
    bob.put(15 + TAG_REACH - 0.2, 13)
    arena.network.tick(3)
    return { arena, ada, bob }
  }

  test('a tagged enemy is frozen at home, and all clients see the tag', () => {
    const { arena, ada, bob } = face()
    sendCommand(ada.world, ada.self, Tag, { victim: ada.seen(bob.body) })
    arena.network.tick(3)
    expect(Position.x[bob.body]).toBeGreaterThan(38)
    expect(hasComponent(ada.world, ada.seen(bob.body), Frozen)).toBe(true)
    expect(ada.heard(Tagged)).toMatchObject([{ entity: ada.seen(bob.body), by: ada.self }])
    expect(bob.heard(Tagged)).toMatchObject([{ entity: bob.self, by: bob.seen(ada.body) }])
    expect(bob.heard(YouWereTagged)).toEqual([{ entity: bob.self, by: bob.seen(ada.body) }])
    expect(ada.heard(YouWereTagged)).toEqual([])
    const x = Position.x[bob.body]
    sendCommand(bob.world, bob.self, Move, { x: -1, y: 0 })
    arena.seconds(TAG_PENALTY / 2)
    expect(Position.x[bob.body]).toBe(x)
    arena.seconds(TAG_PENALTY)
    expect(Position.x[bob.body]).toBeLessThan(x!)
  })

  test('a tag in the wrong half, out of reach, on a teammate, a flag or oneself does nothing', () => {
    const { arena, ada, bob } = face()
    const cyd = arena.join('Cyd')
    const tries: [number, number, number][] = [
      [30, 31, bob.body],
      [10, 15, bob.body],
      [15, 15.5, cyd.body],
      [15, 15.5, arena.flag(1)],
      [15, 15.5, ada.body],
    ]
    for (const [from, to, victim] of tries) {
      ada.put(from, 13)
      bob.put(to, 20)
      Position.x[victim] = to
      Position.y[victim] = 13
      arena.network.tick(3)
      sendCommand(ada.world, ada.self, Tag, { victim: ada.seen(victim) })
      arena.network.tick(3)
      expect(query(arena.network.server, [Player, Frozen])).toHaveLength(0)
      // Wait, so that the rate limit of the command does not stop the tag.
      arena.seconds(0.5)
    }
    expect(ada.heard(Tagged)).toEqual([])
  })
})

describe('snowballs', () => {
  test('a ball flies on every client, freezes the enemy it hits for a while, and bursts', () => {
    const arena = new Arena()
    const [ada, bob] = arena.play('Ada', 'Bob') as [Contestant, Contestant]
    ada.put(20, 9)
    bob.put(27, 9)
    arena.network.tick(2)
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    arena.network.tick(4)
    expect(query(bob.world, [Ball, Position, Networked])).toHaveLength(1)
    arena.network.until(() => hasComponent(bob.world, bob.self, Frozen), 20)
    expect(bob.heard(YouWereFrozen)).toEqual([{ entity: bob.self, by: bob.seen(ada.body) }])
    arena.network.tick(2)
    expect(bob.heard(Burst)).toMatchObject([{ hit: true }])
    expect(query(bob.world, [Ball])).toHaveLength(0)
    const x = Position.x[bob.body]
    sendCommand(bob.world, bob.self, Move, { x: 1, y: 0 })
    arena.seconds(FREEZE_TIME - 0.5)
    expect(Position.x[bob.body]).toBe(x)
    arena.seconds(1)
    expect(hasComponent(bob.world, bob.self, Frozen)).toBe(false)
    // The next ball has no effect on a player who has just thawed.
    sendCommand(bob.world, bob.self, Move, { x: 0, y: 0 })
    bob.put(22, 9)
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    arena.network.tick(8)
    expect(hasComponent(bob.world, bob.self, Frozen)).toBe(false)
  })

  test('a ball misses teammates and is stopped by trees, and a player cannot throw without a pause', () => {
    const arena = new Arena()
    const [ada, bob, cyd] = arena.play('Ada', 'Bob', 'Cyd') as [Contestant, Contestant, Contestant]
    const tree = TREES[1]
    ada.put(tree.x - 6, tree.y)
    cyd.put(tree.x - 4, tree.y)
    bob.put(tree.x + 4, tree.y)
    arena.network.tick(2)
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    sendCommand(ada.world, ada.self, Throw, { x: 1, y: 0 })
    arena.network.tick(3)
    expect(query(arena.network.server, [Ball])).toHaveLength(1)
    arena.seconds(1)
    expect(query(arena.network.server, [Ball])).toHaveLength(0)
    expect(query(arena.network.server, [Frozen])).toHaveLength(0)
    expect(bob.heard(Burst)).toMatchObject([{ hit: false }])
  })
})

test('four bots get ready after a person, play and chat until two captures, without errors', () => {
  const minds = new Map<ClientWorld, readonly System<ClientWorld>[]>()
  const think = (world: ClientWorld): void => runSystems(world, minds.get(world) ?? [])
  const network = createTestNetwork(protocol, { clients: 0, tickRate, serverSystems: systems, clientSystems: [think] })
  setup(network.server)
  for (let index = 0; index < 4; index++) {
    const { world } = network.begin()
    minds.set(world, createBot(world, index))
  }
  const watcher = network.connect().world
  sendMessage(watcher, Join, { name: 'Watcher' })
  network.until(() => query(watcher, [LocalPlayer]).length === 1)
  network.tick(tickRate)
  expect(query(network.server, [Player]).filter((player) => Player.ready[player] === 1)).toHaveLength(0)
  // They wait for a person only.
  sendCommand(watcher, query(watcher, [LocalPlayer])[0]!, GetReady, { ready: true })
  let captures = 0
  const talkers = new Set<number>()
  minds.set(watcher, [
    (world) => {
      for (const _ of drain(world, FlagCaptured)) captures++
      for (const { args } of drain(world, Chat)) talkers.add(args.player)
    },
  ])
  network.until(() => captures >= 2 && talkers.size === 4, tickRate * 120)
  const players = [...minds.keys()].filter((world) => world !== watcher)
  for (const world of [network.server, ...players]) {
    expect(Array.from(drain(world, NetworkErrors), ({ message }) => message)).toEqual([])
  }
})
