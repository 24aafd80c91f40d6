// Handles touch controls: a stick on the left, a throw button on the right. A tap aims by itself, a pull sets the aim.
import type { Point } from './camera.js'
import { element } from './page-elements.js'

/** The stick's range, and the shortest movement that counts as a pull, in pixels of the page. */
const REACH = 52
const PULL = 22

export interface Thumbs {
  /** The stick's direction on the screen, with a length of at most 1. */
  readonly stick: () => Point
  /** Returns the button's input since the last call: nothing, a tap, or a pull in a direction on the screen. */
  readonly takeThrow: () => undefined | 'tap' | Point
}

export function createThumbs(): Thumbs {
  const knob = element('knob')
  let stick: Point = { x: 0, y: 0 }
  let thrown: undefined | 'tap' | Point

  // A device whose main input is touch shows the controls at once, any other at its first touch.
  const show = (): void => document.documentElement.classList.add('touch')
  if (matchMedia('(pointer: coarse)').matches) show()
  addEventListener('pointerdown', ({ pointerType }) => {
    if (pointerType === 'touch') show()
  })

  follow(element('stick'), {
    move(x, y) {
      const far = Math.max(REACH, Math.hypot(x, y))
      stick = { x: x / far, y: y / far }
      knob.style.translate = `${stick.x * REACH}px ${stick.y * REACH}px`
    },
    end() {
      stick = { x: 0, y: 0 }
      knob.style.translate = ''
    },
  })
  follow(element('throw'), {
    move: () => undefined,
    end: (x, y) => (thrown = Math.hypot(x, y) < PULL ? 'tap' : { x, y }),
  })

  return {
    stick: () => stick,
    takeThrow() {
      const taken = thrown
      thrown = undefined
      return taken
    },
  }
}

interface Follower {
  /** Gets the distance from where the finger was put down, in pixels of the page. */
  readonly move: (x: number, y: number) => void
  readonly end: (x: number, y: number) => void
}

/** Follows one finger from where it is put down on an element until it is lifted. */
function follow(target: HTMLElement, { move, end }: Follower): void {
  let finger: number | undefined
  let start: Point = { x: 0, y: 0 }
  target.addEventListener('pointerdown', (event) => {
    if (finger !== undefined) return
    finger = event.pointerId
    start = { x: event.clientX, y: event.clientY }
    target.setPointerCapture(finger)
  })
  target.addEventListener('pointermove', (event) => {
    if (event.pointerId === finger) move(event.clientX - start.x, event.clientY - start.y)
  })
  for (const name of ['pointerup', 'pointercancel'] as const) {
    target.addEventListener(name, (event) => {
      if (event.pointerId !== finger) return
      finger = undefined
      end(event.clientX - start.x, event.clientY - start.y)
    })
  }
  target.addEventListener('contextmenu', (event) => event.preventDefault())
}
