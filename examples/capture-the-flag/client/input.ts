// Keyboard and mouse, turned into commands.
import { query } from 'bitecs'
import { sendCommand } from 'bitecs-net'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer, Owned } from 'bitecs-net/components'
import { Facing, Move, Player, Position, Tag, Throw } from '../protocol.js'
import { direction, halfOf, TAG_REACH, THROW_INTERVAL } from '../rules.js'

interface Point {
  readonly x: number
  readonly y: number
}

const STEPS: Readonly<Record<string, Point>> = {
  KeyW: { x: 0, y: -1 },
  ArrowUp: { x: 0, y: -1 },
  KeyA: { x: -1, y: 0 },
  ArrowLeft: { x: -1, y: 0 },
  KeyS: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: 1 },
  KeyD: { x: 1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
}

/** Moves are unreliable: the last one is said again so often, in milliseconds, in case it was lost. */
const REPEAT_MS = 80
/** A throw by key goes to an enemy who is about where the player looks: so near, and off by so little (a cosine). */
const AIM_RANGE = 13
const AIM_CONE = 0.82

export interface Input {
  /** Sends what the player wants. */
  readonly send: System<ClientWorld>
}

/** Listens to the keyboard and, on `surface`, to the mouse; `toField` turns a place of the page into metres. */
export function createInput(surface: HTMLElement, toField: (x: number, y: number) => Point): Input {
  const held = new Set<string>()
  let target: Point | undefined
  let sent: Point = { x: 0, y: 0 }
  let sentAt = 0
  let actedAt = 0

  addEventListener('keydown', (event) => {
    // Who writes in a field does not run.
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
    if (!(event.code in STEPS) && event.code !== 'Space') return
    event.preventDefault()
    held.add(event.code)
  })
  addEventListener('keyup', (event) => held.delete(event.code))
  // Keys let go while the page does not look are never heard of.
  addEventListener('blur', () => held.clear())
  surface.addEventListener('pointerdown', (event) => {
    target = toField(event.clientX, event.clientY)
  })

  function move(world: ClientWorld, me: number): void {
    const now = performance.now()
    let x = 0
    let y = 0
    for (const key of held) {
      x += STEPS[key]?.x ?? 0
      y += STEPS[key]?.y ?? 0
    }
    const wanted = direction(x, y)
    if (wanted.x === sent.x && wanted.y === sent.y && now - sentAt < REPEAT_MS) return
    sendCommand(world, me, Move, wanted)
    sent = wanted
    sentAt = now
  }

  /** The one key does what fits: it tags an enemy within reach in the own half, and throws otherwise. */
  function act(world: ClientWorld, me: number): void {
    const now = performance.now()
    if ((!held.has('Space') && target === undefined) || now - actedAt < THROW_INTERVAL * 1000 + 20) return
    actedAt = now
    const victim = target === undefined ? findVictim(world, me) : 0
    const aim = target === undefined ? aimByKey(world, me) : aimAt(me, target)
    target = undefined
    if (victim !== 0) sendCommand(world, me, Tag, { victim })
    else sendCommand(world, me, Throw, aim)
  }

  return {
    send(world) {
      const me = query(world, [LocalPlayer, Owned])[0]
      if (me === undefined) return
      move(world, me)
      act(world, me)
    },
  }
}

function findVictim(world: ClientWorld, me: number): number {
  for (const other of query(world, [Player, Position])) {
    if (Player.team[other] === Player.team[me] || halfOf(Position.x[other]!) !== Player.team[me]) continue
    if (Math.hypot(Position.x[other]! - Position.x[me]!, Position.y[other]! - Position.y[me]!) <= TAG_REACH)
      return other
  }
  return 0
}

function aimByKey(world: ClientWorld, me: number): Point {
  const ahead = direction(Facing.x[me]!, Facing.y[me]!)
  let best = AIM_RANGE
  let aim = ahead
  for (const other of query(world, [Player, Position])) {
    if (Player.team[other] === Player.team[me]) continue
    const there = { x: Position.x[other]!, y: Position.y[other]! }
    const gap = Math.hypot(there.x - Position.x[me]!, there.y - Position.y[me]!)
    const way = aimAt(me, there)
    if (gap >= best || way.x * ahead.x + way.y * ahead.y < AIM_CONE) continue
    best = gap
    aim = way
  }
  return aim
}

function aimAt(me: number, { x, y }: Point): Point {
  return direction(x - Position.x[me]!, y - Position.y[me]!)
}
