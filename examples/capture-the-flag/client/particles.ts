// Moves and draws short effects: flying snow, confetti and rings. Each is gone within a second or two.

export type ParticleShape = 'puff' | 'confetti' | 'ring'

interface Particle {
  readonly shape: ParticleShape
  readonly color: string
  /** Metres, metres per second, seconds. */
  x: number
  y: number
  vx: number
  vy: number
  readonly size: number
  readonly spin: number
  age: number
  readonly life: number
}

/** More particles would cost time and not be noticed. */
const MAX_PARTICLES = 500
const DUST = '#d3e3f2'

export class Particles {
  private readonly alive: Particle[] = []

  /** Shows that a snowball burst or that a player was tagged. */
  burst(x: number, y: number, color: string, count: number, speed: number): void {
    for (let i = 0; i < count; i++) {
      const angle = Math.random() * 2 * Math.PI
      const fast = speed * (0.3 + 0.7 * Math.random())
      const size = 0.1 + 0.2 * Math.random()
      this.add('puff', color, x, y, Math.cos(angle) * fast, Math.sin(angle) * fast, size, 0.35 + 0.35 * Math.random())
    }
  }

  /** Shows that a flag was captured. */
  confetti(x: number, y: number, colors: readonly string[]): void {
    for (let i = 0; i < 90; i++) {
      const angle = Math.random() * 2 * Math.PI
      const fast = 2 + 11 * Math.random()
      const color = colors[i % colors.length]!
      this.add('confetti', color, x, y, Math.cos(angle) * fast, Math.sin(angle) * fast, 0.28, 1.1 + Math.random())
    }
  }

  ring(x: number, y: number, color: string, radius: number): void {
    this.add('ring', color, x, y, 0, 0, radius, 0.5)
  }

  /** Shows snow kicked up by running feet. */
  kickUp(x: number, y: number): void {
    const side = (Math.random() - 0.5) * 0.6
    this.add('puff', DUST, x + side, y + 0.55, side, -0.4, 0.18 + 0.16 * Math.random(), 0.6)
  }

  private add(
    shape: ParticleShape,
    color: string,
    x: number,
    y: number,
    vx: number,
    vy: number,
    size: number,
    life: number,
  ): void {
    if (this.alive.length >= MAX_PARTICLES) return
    this.alive.push({ shape, color, x, y, vx, vy, size, spin: Math.random() * 12 - 6, age: 0, life })
  }

  /** Advances all particles by `seconds` and draws them in metres. */
  draw(context: CanvasRenderingContext2D, seconds: number): void {
    let kept = 0
    for (const particle of this.alive) {
      particle.age += seconds
      if (particle.age >= particle.life) continue
      this.alive[kept++] = particle
      const drag = Math.exp(-3 * seconds)
      particle.vx *= drag
      particle.vy *= drag
      particle.x += particle.vx * seconds
      particle.y += particle.vy * seconds
      drawParticle(context, particle)
    }
    this.alive.length = kept
    context.globalAlpha = 1
  }
}

function drawParticle(context: CanvasRenderingContext2D, particle: Particle): void {
  const { shape, x, y, size, color, spin, age, life } = particle
  const done = age / life
  context.globalAlpha = 1 - done * done
  if (shape === 'confetti') {
    context.save()
    context.translate(x, y)
    context.rotate(spin * age)
    context.fillStyle = color
    // The changing height makes it look as if it turned over.
    context.fillRect(-size / 2, (-size / 2) * Math.cos(age * 9 + spin), size, size * Math.cos(age * 9 + spin))
    context.restore()
    return
  }
  context.beginPath()
  if (shape === 'ring') {
    context.arc(x, y, size * (0.3 + 0.7 * Math.sqrt(done)), 0, 2 * Math.PI)
    context.strokeStyle = color
    context.lineWidth = 0.25 * (1 - done)
    context.stroke()
  } else {
    context.arc(x, y, size * (1 + done), 0, 2 * Math.PI)
    context.fillStyle = color
    context.fill()
  }
}
