// Paints everything that never moves: snow, the two halves, bases and trees. Runs once per window size.
import { BASE_RADIUS, BASES, FIELD, type Team, TREES } from '../rules.js'
import type { Camera } from './camera.js'
import { TEAM_COLORS } from './colors.js'
import type { Drift } from './drifts.js'
import { traceEmblem } from './shapes.js'

type Context = CanvasRenderingContext2D

/** Paints the field, its bases and its trees. */
export function paintField(context: Context, camera: Camera, drifts: readonly Drift[]): void {
  const { width, height } = FIELD
  camera.useField(context)
  context.save()
  context.shadowColor = 'rgba(0, 8, 20, 0.55)'
  context.shadowBlur = 40
  context.beginPath()
  context.roundRect(-0.6, -0.6, width + 1.2, height + 1.2, 1.2)
  context.fillStyle = '#8fb0cf'
  context.fill()
  context.restore()

  context.save()
  context.beginPath()
  context.roundRect(0, 0, width, height, 0.8)
  context.clip()
  paintSnow(context, drifts)
  paintLines(context)
  paintBase(context, 0)
  paintBase(context, 1)
  context.restore()
  camera.useScreen(context)
  for (const tree of TREES) {
    const { x, y } = camera.project(tree.x, tree.y)
    paintTree(context, x, y, tree.radius)
  }
}

function paintSnow(context: Context, drifts: readonly Drift[]): void {
  const { width, height } = FIELD
  const ground = context.createLinearGradient(0, 0, width, 0)
  ground.addColorStop(0, TEAM_COLORS[0].ground)
  ground.addColorStop(0.46, '#f3f8fd')
  ground.addColorStop(0.54, '#fdf8f2')
  ground.addColorStop(1, TEAM_COLORS[1].ground)
  context.fillStyle = ground
  context.fillRect(0, 0, width, height)
  context.lineCap = 'round'
  for (const { x, y, length } of drifts) {
    // A light crest with its shadow below.
    for (const [offset, color] of [
      [0.1, 'rgba(110, 146, 190, 0.16)'],
      [0, 'rgba(255, 255, 255, 0.85)'],
    ] as const) {
      context.beginPath()
      context.moveTo(x - length, y + offset)
      context.quadraticCurveTo(x, y + offset - 0.5, x + length, y + offset)
      context.lineWidth = 0.14
      context.strokeStyle = color
      context.stroke()
    }
  }
}

function paintLines(context: Context): void {
  const { width, height } = FIELD
  context.strokeStyle = 'rgba(70, 104, 144, 0.4)'
  context.lineWidth = 0.16
  context.setLineDash([0.8, 0.6])
  context.beginPath()
  context.moveTo(width / 2, 0)
  context.lineTo(width / 2, height)
  context.stroke()
  context.setLineDash([])
  context.beginPath()
  context.arc(width / 2, height / 2, 4, 0, 2 * Math.PI)
  context.stroke()
}

function paintBase(context: Context, team: Team): void {
  const { x, y } = BASES[team]
  const { base, dark } = TEAM_COLORS[team]
  context.beginPath()
  context.arc(x, y, BASE_RADIUS, 0, 2 * Math.PI)
  context.globalAlpha = 0.22
  context.fillStyle = base
  context.fill()
  context.globalAlpha = 0.9
  context.lineWidth = 0.2
  context.strokeStyle = base
  context.stroke()
  context.globalAlpha = 0.35
  context.lineWidth = 0.12
  context.strokeStyle = dark
  context.setLineDash([0.5, 0.5])
  context.beginPath()
  context.arc(x, y, BASE_RADIUS - 0.5, 0, 2 * Math.PI)
  context.stroke()
  context.setLineDash([])
  context.globalAlpha = 0.3
  traceEmblem(context, team, x, y, 1.1)
  context.fillStyle = base
  context.fill()
  context.globalAlpha = 1
}

function paintTree(context: Context, x: number, y: number, radius: number): void {
  context.beginPath()
  context.ellipse(x + radius * 0.45, y + radius * 0.5, radius * 1.2, radius * 0.95, 0, 0, 2 * Math.PI)
  context.fillStyle = 'rgba(30, 56, 92, 0.2)'
  context.fill()
  const layers = [
    { size: 1.2, color: '#1d5240' },
    { size: 0.92, color: '#27694f' },
    { size: 0.62, color: '#358563' },
    { size: 0.32, color: '#eaf5fb' },
  ]
  for (const [layer, { size, color }] of layers.entries()) {
    context.beginPath()
    const spikes = 11 - layer * 2
    for (let i = 0; i <= spikes * 2; i++) {
      const reach = radius * size * (i % 2 === 0 ? 1 : 0.76)
      const angle = (i / (spikes * 2)) * 2 * Math.PI + layer * 0.4 + x
      context.lineTo(x + Math.cos(angle) * reach, y - layer * 0.12 + Math.sin(angle) * reach)
    }
    context.closePath()
    context.fillStyle = color
    context.fill()
  }
}
