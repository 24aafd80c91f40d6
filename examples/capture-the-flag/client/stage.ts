// The canvas: fits the field into the window, sharp on every display, and draws a frame of the world.
import { hasComponent, query } from 'bitecs'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { Ball, Facing, Flag, Frozen, Player, Position } from '../protocol.js'
import { BALL_RADIUS, FIELD, PLAYER_RADIUS, type Team } from '../rules.js'
import { INK, SNOW } from './colors.js'
import { paintField } from './field.js'
import { type Look, drawBall, drawBody, drawFlag } from './shapes.js'
import { nameOf, type View } from './view.js'

/** Pixels around the field that belong to the scores above and the line below. */
const MARGIN = { top: 86, side: 26, bottom: 52 }
const FLAKES = 60

/** How players move on this screen, found from where they were in the frame before. By entity. */
const Gait = { x: [] as number[], y: [] as number[], stride: [] as number[] }

export interface Stage {
  /** Draws the world as it is. */
  readonly draw: System<ClientWorld>
  /** A place of the page in metres of the field. */
  readonly toField: (x: number, y: number) => { x: number; y: number }
}

export function createStage(canvas: HTMLCanvasElement, view: View): Stage {
  const context = canvas.getContext('2d', { alpha: false })!
  const backdrop = document.createElement('canvas')
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  /** Pixels of the display per metre, and where the field's corner is, in pixels of the display. */
  let scale = 1
  let left = 0
  let top = 0
  let ratio = 0
  let before = performance.now()

  /** Follows the window, also when it moves to a display of another density. */
  function fit(): void {
    const width = Math.round(canvas.clientWidth * devicePixelRatio)
    const height = Math.round(canvas.clientHeight * devicePixelRatio)
    if (canvas.width === width && canvas.height === height && ratio === devicePixelRatio) return
    ratio = devicePixelRatio
    canvas.width = backdrop.width = width
    canvas.height = backdrop.height = height
    const free = { x: width - 2 * MARGIN.side * ratio, y: height - (MARGIN.top + MARGIN.bottom) * ratio }
    scale = Math.max(1, Math.min(free.x / FIELD.width, free.y / FIELD.height))
    left = (width - FIELD.width * scale) / 2
    top = MARGIN.top * ratio + (free.y - FIELD.height * scale) / 2
    // What the page lays over the field keeps to its edges.
    const { style } = document.documentElement
    style.setProperty('--field-left', `${left / ratio}px`)
    style.setProperty('--field-top', `${top / ratio}px`)
    paintBackdrop(backdrop.getContext('2d', { alpha: false })!, width, height)
  }

  function paintBackdrop(target: CanvasRenderingContext2D, width: number, height: number): void {
    const night = target.createLinearGradient(0, 0, 0, height)
    night.addColorStop(0, '#1d3d5c')
    night.addColorStop(1, '#0e2135')
    target.fillStyle = night
    target.fillRect(0, 0, width, height)
    target.setTransform(scale, 0, 0, scale, left, top)
    paintField(target)
  }

  function inMetres(): void {
    const shake = still ? 0 : view.shake * view.shake * 0.35 * scale
    const x = left + (Math.random() - 0.5) * shake
    const y = top + (Math.random() - 0.5) * shake
    context.setTransform(scale, 0, 0, scale, x, y)
  }

  function draw(world: ClientWorld): void {
    fit()
    const now = performance.now()
    const seconds = Math.min(0.1, (now - before) / 1000)
    before = now
    view.shake = Math.max(0, view.shake - seconds * 2.5)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(backdrop, 0, 0)
    inMetres()

    // From back to front, so that who stands lower on the screen stands before the others.
    const players = [...query(world, [Player, Position])].sort((a, b) => Position.y[a]! - Position.y[b]!)
    const flags = query(world, [Flag, Position])
    for (const flag of flags) {
      if (Flag.carrier[flag] !== 0) continue
      drawFlag(context, Flag.team[flag] as Team, Position.x[flag]!, Position.y[flag]!, now / 1000)
    }
    view.dust.draw(context, seconds)
    for (const player of players) {
      const lift = walk(player, seconds)
      const carried = flags.find((flag) => Flag.carrier[flag] === player)
      drawPlayer(world, player, lift, carried, now / 1000)
    }
    for (const ball of query(world, [Ball, Position])) {
      drawBall(context, Position.x[ball]!, Position.y[ball]! - 0.3, BALL_RADIUS)
    }
    view.particles.draw(context, seconds)
    context.setTransform(1, 0, 0, 1, 0, 0)
    for (const player of players) drawName(world, player)
    for (const player of players) drawBubble(player, now)
    if (!still) drawSnowfall(now / 1000)
  }

  function drawPlayer(
    world: ClientWorld,
    player: number,
    lift: number,
    flag: number | undefined,
    seconds: number,
  ): void {
    const look: Look = {
      team: Player.team[player] as Team,
      facing: { x: Facing.x[player]!, y: Facing.y[player]! },
      frozen: hasComponent(world, player, Frozen),
      own: hasComponent(world, player, LocalPlayer),
      lift,
    }
    const x = Position.x[player]!
    const y = Position.y[player]!
    if (flag !== undefined) drawFlag(context, Flag.team[flag] as Team, x + 0.2, y, seconds, 0.3 + lift)
    context.save()
    context.translate(x, y)
    drawBody(context, look, PLAYER_RADIUS * 1.12, seconds)
    context.restore()
  }

  /** Moves a player's gait on; returns how far the body is lifted. Who runs kicks up snow. */
  function walk(player: number, seconds: number): number {
    const x = Position.x[player]!
    const y = Position.y[player]!
    const way = Math.hypot(x - (Gait.x[player] ?? x), y - (Gait.y[player] ?? y))
    Gait.x[player] = x
    Gait.y[player] = y
    const running = way > 1.5 * seconds && way < 1
    Gait.stride[player] = running ? (Gait.stride[player] ?? 0) + way * 2.2 : 0
    if (running && !still && Math.random() < 14 * seconds) view.dust.kickUp(x, y)
    return running ? Math.abs(Math.sin(Gait.stride[player])) * 0.16 : 0
  }

  /** Where the lower edge of a player's name is, and how large it is written, in pixels of the display. */
  function placeName(player: number): { x: number; y: number; size: number } {
    const x = left + Position.x[player]! * scale
    const y = top + (Position.y[player]! - PLAYER_RADIUS * 1.75) * scale
    return { x, y, size: Math.max(11 * ratio, Math.min(17 * ratio, scale * 0.62)) }
  }

  function drawName(world: ClientWorld, player: number): void {
    const { x, y, size } = placeName(player)
    const { text } = nameOf(view, Player.id[player]!)
    context.font = `${hasComponent(world, player, LocalPlayer) ? 800 : 600} ${size}px system-ui, sans-serif`
    context.textAlign = 'center'
    context.textBaseline = 'alphabetic'
    context.lineJoin = 'round'
    context.lineWidth = size * 0.28
    context.strokeStyle = 'rgba(255, 255, 255, 0.9)'
    context.fillStyle = INK
    context.strokeText(text, x, y)
    context.fillText(text, x, y)
  }

  function drawBubble(player: number, now: number): void {
    const bubble = view.bubbles.get(Player.id[player]!)
    if (bubble === undefined || bubble.until < now) return
    const { x, y: nameY, size } = placeName(player)
    const y = nameY - size * 1.35
    const text = bubble.text.length > 36 ? `${bubble.text.slice(0, 35)}…` : bubble.text
    context.font = `500 ${size}px system-ui, sans-serif`
    context.textAlign = 'center'
    const width = context.measureText(text).width + size * 1.2
    context.beginPath()
    context.roundRect(x - width / 2, y - size * 1.35, width, size * 1.8, size * 0.6)
    context.moveTo(x - size * 0.35, y + size * 0.4)
    context.lineTo(x, y + size * 0.8)
    context.lineTo(x + size * 0.35, y + size * 0.4)
    context.fillStyle = INK
    context.fill()
    context.fillStyle = SNOW
    context.fillText(text, x, y - size * 0.1)
  }

  /** A few flakes that fall for ever; where each one is follows from the time alone. */
  function drawSnowfall(seconds: number): void {
    context.fillStyle = 'rgba(255, 255, 255, 0.75)'
    for (let flake = 0; flake < FLAKES; flake++) {
      const speed = (18 + (flake % 7) * 7) * ratio
      const x = (flake * 211.7 * ratio + Math.sin(seconds * 0.6 + flake) * 24 * ratio) % canvas.width
      const y = (flake * 97.3 * ratio + seconds * speed) % canvas.height
      const size = (0.8 + (flake % 3) * 0.6) * ratio
      context.fillRect(x, y, size * 1.6, size * 1.6)
    }
  }

  return {
    draw,
    toField(x, y) {
      return { x: (x * devicePixelRatio - left) / scale, y: (y * devicePixelRatio - top) / scale }
    },
  }
}
