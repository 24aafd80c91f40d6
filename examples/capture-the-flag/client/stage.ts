// Draws the world on the canvas each frame, and fits the field into the window at the display's full resolution.
import { hasComponent, query } from 'bitecs'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { Ball, Facing, Flag, Frozen, Icy, Player, Position, Swift } from '../protocol.js'
import { BALL_RADIUS, PLAYER_RADIUS, type Team } from '../rules.js'
import { Camera, type Point } from './camera.js'
import { INK, SNOW, TEAM_COLORS } from './colors.js'
import { paintField } from './field.js'
import { element } from './page-elements.js'
import { type Look, drawBall, drawBody, drawFlag, drawTrail } from './shapes.js'
import { followBalls } from './sprites.js'
import { nameOf, type View } from './view.js'

const FLAKES = 60

export interface Stage {
  /** Draws the current state of the world. */
  readonly draw: System<ClientWorld>
  readonly camera: Camera
}

export function createStage(canvas: HTMLCanvasElement, view: View): Stage {
  const context = canvas.getContext('2d', { alpha: false })!
  const backdrop = document.createElement('canvas')
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  const camera = new Camera()
  const area = element('area')
  let shown: View['drifts'] | undefined
  let before = performance.now()

  /** Repaints the backdrop when the window's size, the display's density or the drifts of the match change. */
  function fit(): void {
    const width = Math.round(canvas.clientWidth * devicePixelRatio)
    const height = Math.round(canvas.clientHeight * devicePixelRatio)
    const moved = camera.fit(area.getBoundingClientRect(), devicePixelRatio)
    if (canvas.width === width && canvas.height === height && !moved && shown === view.drifts) return
    canvas.width = backdrop.width = width
    canvas.height = backdrop.height = height
    shown = view.drifts
    paintBackdrop(backdrop.getContext('2d', { alpha: false })!, width, height)
  }

  function paintBackdrop(target: CanvasRenderingContext2D, width: number, height: number): void {
    const night = target.createLinearGradient(0, 0, 0, height)
    night.addColorStop(0, '#1d3d5c')
    night.addColorStop(1, '#0e2135')
    target.fillStyle = night
    target.fillRect(0, 0, width, height)
    paintField(target, camera, view.drifts)
  }

  function draw(world: ClientWorld): void {
    fit()
    const now = performance.now()
    const seconds = Math.min(0.1, (now - before) / 1000)
    before = now
    view.shake = Math.max(0, view.shake - seconds * 2.5)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.drawImage(backdrop, 0, 0)
    followBalls(view)
    const shake = still ? 0 : view.shake * view.shake * 0.35 * camera.scale
    const shakeX = (Math.random() - 0.5) * shake
    const shakeY = (Math.random() - 0.5) * shake

    // Draw from back to front, so that a player lower on the screen covers those above.
    const players = [...query(world, [Player, Position])].sort((a, b) => placeOf(a).y - placeOf(b).y)
    const flags = query(world, [Flag, Position])
    camera.useScreen(context, shakeX, shakeY)
    for (const flag of flags) {
      if (Flag.carrier[flag] !== 0) continue
      const { x, y } = placeOf(flag)
      drawFlag(context, Flag.team[flag] as Team, x, y, now / 1000)
    }
    camera.useField(context, shakeX, shakeY)
    view.dust.draw(context, seconds)
    for (const trail of view.trails.values()) drawTrail(context, trail, BALL_RADIUS)
    camera.useScreen(context, shakeX, shakeY)
    for (const player of players) {
      const lift = walk(player, seconds)
      const carried = flags.find((flag) => Flag.carrier[flag] === player)
      drawPlayer(world, player, lift, carried, now / 1000)
    }
    for (const ball of query(world, [Ball, Position])) {
      const { x, y } = placeOf(ball)
      drawBall(context, x, y - 0.3, BALL_RADIUS)
    }
    camera.useField(context, shakeX, shakeY)
    view.particles.draw(context, seconds)
    context.setTransform(1, 0, 0, 1, 0, 0)
    for (const player of players) drawName(world, player)
    for (const player of players) drawBubble(player, now)
    if (!still) drawSnowfall(now / 1000)
  }

  function placeOf(entity: number): Point {
    return camera.project(Position.x[entity]!, Position.y[entity]!)
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
      facing: camera.projectDirection(Facing.x[player]!, Facing.y[player]!),
      frozen: hasComponent(world, player, Frozen),
      swift: hasComponent(world, player, Swift),
      icy: hasComponent(world, player, Icy),
      own: hasComponent(world, player, LocalPlayer),
      lift,
    }
    const { x, y } = placeOf(player)
    if (flag !== undefined) drawFlag(context, Flag.team[flag] as Team, x + 0.2, y, seconds, 0.3 + lift)
    context.save()
    context.translate(x, y)
    drawBody(context, look, PLAYER_RADIUS * 1.12, seconds)
    context.restore()
  }

  /** Advances a player's walking animation and returns how far the body is lifted. Running players kick up snow. */
  function walk(player: number, seconds: number): number {
    const x = Position.x[player]!
    const y = Position.y[player]!
    const gait = view.gaits.get(player)
    if (gait === undefined) return 0
    const way = Math.hypot(x - gait.x, y - gait.y)
    gait.x = x
    gait.y = y
    const running = way > 1.5 * seconds && way < 1
    gait.stride = running ? gait.stride + way * 2.2 : 0
    if (running && !still && Math.random() < 14 * seconds) view.dust.kickUp(x, y)
    return running ? Math.abs(Math.sin(gait.stride)) * 0.16 : 0
  }

  /** Returns the position of the lower edge of a player's name and its font size, in pixels of the display. */
  function placeName(player: number): { x: number; y: number; size: number } {
    const { scale, ratio } = camera
    const { x, y } = camera.toPixels(Position.x[player]!, Position.y[player]!)
    const size = Math.max(11 * ratio, Math.min(17 * ratio, scale * 0.62))
    return { x, y: y - PLAYER_RADIUS * 1.75 * scale, size }
  }

  function drawName(world: ClientWorld, player: number): void {
    const { x, y, size } = placeName(player)
    const { text } = nameOf(world, Player.id[player]!)
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
    context.fillStyle = bubble.team ? TEAM_COLORS[Player.team[player] as Team].dark : INK
    context.fill()
    context.fillStyle = SNOW
    context.fillText(text, x, y - size * 0.1)
  }

  /** Draws a few flakes that fall in an endless loop. Their positions depend only on the time. */
  function drawSnowfall(seconds: number): void {
    const { ratio } = camera
    context.fillStyle = 'rgba(255, 255, 255, 0.75)'
    for (let flake = 0; flake < FLAKES; flake++) {
      const speed = (18 + (flake % 7) * 7) * ratio
      const x = (flake * 211.7 * ratio + Math.sin(seconds * 0.6 + flake) * 24 * ratio) % canvas.width
      const y = (flake * 97.3 * ratio + seconds * speed) % canvas.height
      const size = (0.8 + (flake % 3) * 0.6) * ratio
      context.fillRect(x, y, size * 1.6, size * 1.6)
    }
  }

  return { draw, camera }
}
