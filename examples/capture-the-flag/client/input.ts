// Turns keyboard, mouse and touch input into commands.
import { query } from 'bitecs'
import { sendCommand } from 'bitecs-net'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer, Owned } from 'bitecs-net/components'
import { Facing, Move, Player, Position, Tag, Throw } from '../protocol.js'
import { direction, halfOf, TAG_REACH, THROW_INTERVAL } from '../rules.js'
import type { Camera, Point } from './camera.js'
import { createThumbs } from './touch.js'

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

/** Moves are unreliable: the latest one is repeated at this interval in case a packet was lost. */
const REPEAT_MS = 80
/** A throw by key aims at an enemy within this distance and this angle (as a cosine) of where the player looks. */
const AIM_RANGE = 13
const AIM_CONE = 0.82

export interface Input {
  /** Sends the player's input as commands. */
  readonly send: System<ClientWorld>
}

/** Listens to the keyboard, the touch controls and, on `surface`, to the mouse. */
export function createInput(surface: HTMLElement, camera: Camera): Input {
  const thumbs = createThumbs()
  const held = new Set<string>()
  let target: Point | undefined
  let sent: Point = { x: 0, y: 0 }
  let sentAt = 0
  let actedAt = 0

  addEventListener('keydown', (event) => {
    // Keys typed into a text field are not game input.
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return
    if (!(event.code in STEPS) && event.code !== 'Space') return
    event.preventDefault()
    held.add(event.code)
  })
  addEventListener('keyup', (event) => held.delete(event.code))
  // The page gets no keyup event while it has no focus, so forget the held keys.
  addEventListener('blur', () => held.clear())
  surface.addEventListener('pointerdown', (event) => {
    target = camera.toField(event.clientX, event.clientY)
  })

  /** Returns the direction to run on the field, from the stick or else from the keys. */
  function wish(): Point {
    const stick = thumbs.stick()
    if (stick.x !== 0 || stick.y !== 0) return camera.toFieldDirection(stick.x, stick.y)
    let x = 0
    let y = 0
    for (const key of held) {
      x += STEPS[key]?.x ?? 0
      y += STEPS[key]?.y ?? 0
    }
    const keys = direction(x, y)
    return camera.toFieldDirection(keys.x, keys.y)
  }

  function move(world: ClientWorld, me: number): void {
    const now = performance.now()
    const wanted = wish()
    if (wanted.x === sent.x && wanted.y === sent.y && now - sentAt < REPEAT_MS) return
    sendCommand(world, me, Move, wanted)
    sent = wanted
    sentAt = now
  }

  /** One key does both: it tags an enemy within reach in the player's own half, and throws otherwise. */
  function act(world: ClientWorld, me: number): void {
    const thrown = thumbs.takeThrow()
    const now = performance.now()
    const finds = thrown === 'tap' || held.has('Space')
    const pulled = typeof thrown === 'object' ? thrown : undefined
    if ((!finds && pulled === undefined && target === undefined) || now - actedAt < THROW_INTERVAL * 1000 + 20) return
    actedAt = now
    const place = target
    target = undefined
    if (pulled !== undefined) {
      const aim = camera.toFieldDirection(pulled.x, pulled.y)
      return sendCommand(world, me, Throw, direction(aim.x, aim.y))
    }
    if (place !== undefined) return sendCommand(world, me, Throw, aimAt(me, place))
    const victim = findVictim(world, me)
    if (victim !== 0) sendCommand(world, me, Tag, { victim })
    else sendCommand(world, me, Throw, aimByKey(world, me))
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
