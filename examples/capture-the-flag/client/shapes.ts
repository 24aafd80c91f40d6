// Draws players, flags and balls in metres, with a shape for each team so that colour is not the only difference.
import { type Team } from '../rules.js'
import { ICE, INK, SNOW, TEAM_COLORS } from './colors.js'
import type { Trail } from './sprites.js'

type Context = CanvasRenderingContext2D

/** Traces a team's emblem: a circle for blue, a diamond for orange. */
export function traceEmblem(context: Context, team: Team, x: number, y: number, radius: number): void {
  context.beginPath()
  if (team === 0) {
    context.arc(x, y, radius, 0, 2 * Math.PI)
    return
  }
  const reach = radius * 1.2
  context.moveTo(x, y - reach)
  context.lineTo(x + reach, y)
  context.lineTo(x, y + reach)
  context.lineTo(x - reach, y)
  context.closePath()
}

/** Traces a body: a circle for blue, a square with round corners for orange. */
function traceBody(context: Context, team: Team, radius: number): void {
  context.beginPath()
  if (team === 0) context.arc(0, 0, radius, 0, 2 * Math.PI)
  else context.roundRect(-radius * 0.92, -radius * 0.92, radius * 1.84, radius * 1.84, radius * 0.5)
}

export function drawShadow(context: Context, x: number, y: number, radius: number): void {
  context.beginPath()
  context.ellipse(x + 0.12, y + radius * 0.62, radius, radius * 0.55, 0, 0, 2 * Math.PI)
  context.fillStyle = 'rgba(30, 56, 92, 0.22)'
  context.fill()
}

export interface Look {
  readonly team: Team
  readonly facing: { readonly x: number; readonly y: number }
  readonly frozen: boolean
  /** Wears boots that glow. */
  readonly swift: boolean
  /** Throws balls of ice. */
  readonly icy: boolean
  readonly own: boolean
  /** How far the stride lifts the body, in metres. */
  readonly lift: number
}

/** Draws a player around 0, 0. */
export function drawBody(context: Context, look: Look, radius: number, seconds: number): void {
  const { team, facing, frozen, own, lift } = look
  const { base, light, dark } = TEAM_COLORS[team]
  drawShadow(context, 0, 0, radius)
  if (own) drawOwnRing(context, radius, seconds)
  if (look.swift) drawAura(context, radius * 1.25, '#ffd84d')
  if (look.icy) drawAura(context, radius * 1.12, ICE)
  context.save()
  context.translate(0, -lift)
  const shade = context.createRadialGradient(-radius * 0.35, -radius * 0.45, radius * 0.1, 0, 0, radius * 1.2)
  shade.addColorStop(0, light)
  shade.addColorStop(1, base)
  traceBody(context, team, radius)
  context.fillStyle = shade
  context.fill()
  context.lineWidth = 0.11
  context.strokeStyle = dark
  context.stroke()
  drawEyes(context, facing, radius, frozen)
  drawHat(context, facing, radius, dark)
  if (frozen) drawIce(context, radius)
  context.restore()
}

function drawOwnRing(context: Context, radius: number, seconds: number): void {
  context.beginPath()
  context.arc(0, 0.1, radius * 1.42, 0, 2 * Math.PI)
  context.setLineDash([0.42, 0.3])
  context.lineDashOffset = -seconds
  context.lineWidth = 0.13
  context.strokeStyle = INK
  context.stroke()
  context.setLineDash([])
}

/** Draws a glow around a player who has bought something. */
function drawAura(context: Context, radius: number, color: string): void {
  context.beginPath()
  context.arc(0, 0, radius, 0, 2 * Math.PI)
  context.lineWidth = 0.22
  context.strokeStyle = color
  context.stroke()
}

function drawEyes(context: Context, facing: Look['facing'], radius: number, frozen: boolean): void {
  const { x, y } = facing
  for (const side of [-1, 1]) {
    const eyeX = x * radius * 0.46 - y * radius * 0.34 * side
    const eyeY = y * radius * 0.46 + x * radius * 0.34 * side
    context.beginPath()
    context.arc(eyeX, eyeY, radius * 0.24, 0, 2 * Math.PI)
    context.fillStyle = SNOW
    context.fill()
    context.beginPath()
    const look = frozen ? 0 : radius * 0.09
    context.arc(eyeX + x * look, eyeY + y * look, radius * 0.12, 0, 2 * Math.PI)
    context.fillStyle = INK
    context.fill()
  }
}

/** Draws a woolly hat with a bobble on the back of the head. */
function drawHat(context: Context, facing: Look['facing'], radius: number, color: string): void {
  context.beginPath()
  context.arc(-facing.x * radius * 0.42, -facing.y * radius * 0.42, radius * 0.42, 0, 2 * Math.PI)
  context.fillStyle = color
  context.fill()
  context.beginPath()
  context.arc(-facing.x * radius * 0.5, -facing.y * radius * 0.5 - radius * 0.06, radius * 0.2, 0, 2 * Math.PI)
  context.fillStyle = SNOW
  context.fill()
}

function drawIce(context: Context, radius: number): void {
  const size = radius * 1.35
  context.beginPath()
  for (let corner = 0; corner < 6; corner++) {
    const angle = (corner / 6) * 2 * Math.PI + 0.3
    context.lineTo(Math.cos(angle) * size, Math.sin(angle) * size)
  }
  context.closePath()
  context.globalAlpha = 0.62
  context.fillStyle = ICE
  context.fill()
  context.globalAlpha = 1
  context.lineWidth = 0.1
  context.strokeStyle = SNOW
  context.stroke()
  context.beginPath()
  context.moveTo(-size * 0.55, -size * 0.15)
  context.lineTo(-size * 0.15, -size * 0.55)
  context.moveTo(-size * 0.5, size * 0.15)
  context.lineTo(size * 0.05, -size * 0.45)
  context.stroke()
}

/** Draws a flag with the foot of its pole at `x`, `y`. `lift` raises it, as on a carrier's back. */
export function drawFlag(context: Context, team: Team, x: number, y: number, seconds: number, lift = 0): void {
  const { base, dark, light } = TEAM_COLORS[team]
  if (lift === 0) drawShadow(context, x, y - 0.25, 0.5)
  const foot = y - lift
  const top = foot - 2.5
  context.lineCap = 'round'
  context.lineWidth = 0.2
  context.strokeStyle = '#5d4430'
  context.beginPath()
  context.moveTo(x, foot)
  context.lineTo(x, top)
  context.stroke()
  const wave = (along: number): number => Math.sin(seconds * 6 - along * 2.4) * 0.14 * along
  context.beginPath()
  context.moveTo(x, top)
  for (let along = 0.2; along <= 1.81; along += 0.2) context.lineTo(x + along, top + wave(along))
  for (let along = 1.8; along >= 0; along -= 0.2) context.lineTo(x + along, top + 1.25 + wave(along))
  context.closePath()
  context.fillStyle = base
  context.fill()
  context.lineWidth = 0.09
  context.strokeStyle = dark
  context.stroke()
  traceEmblem(context, team, x + 0.9, top + 0.62 + wave(0.9), 0.32)
  context.fillStyle = light
  context.fill()
}

/** Draws a ball's trail in metres of the field, widest at the newest position. */
export function drawTrail(context: Context, { color, places }: Trail, radius: number): void {
  context.lineCap = 'round'
  context.strokeStyle = color
  for (let i = 1; i < places.length; i++) {
    const [from, to] = [places[i - 1]!, places[i]!]
    context.globalAlpha = (0.7 * i) / places.length
    context.lineWidth = (radius * 1.6 * i) / places.length
    context.beginPath()
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
    context.stroke()
  }
  context.globalAlpha = 1
}

export function drawBall(context: Context, x: number, y: number, radius: number): void {
  drawShadow(context, x, y + 0.45, radius)
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fillStyle = SNOW
  context.fill()
  context.lineWidth = 0.07
  context.strokeStyle = '#9db7d3'
  context.stroke()
}
