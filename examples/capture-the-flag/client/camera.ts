// Maps the field to the screen: horizontal in a wide window, upright in a tall one, with the blue base at the bottom.
import { FIELD } from '../rules.js'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Converts between metres of the field, metres of the screen (turned like the field) and pixels of the display. */
export class Camera {
  /** Pixels of the display per metre. */
  scale = 1
  /** Pixels of the display per pixel of the page. */
  ratio = 1
  /** The field stands upright. */
  turned = false
  private left = 0
  private top = 0

  /** Fits the field into a part of the page. Returns whether that changed anything. */
  fit({ left, top, width, height }: DOMRect, ratio: number): boolean {
    const turned = height > width
    const [wide, high] = turned ? [FIELD.height, FIELD.width] : [FIELD.width, FIELD.height]
    const scale = Math.max(1, Math.min(width / wide, height / high) * ratio)
    const newLeft = left * ratio + (width * ratio - wide * scale) / 2
    const newTop = top * ratio + (height * ratio - high * scale) / 2
    const same = scale === this.scale && newLeft === this.left && newTop === this.top && ratio === this.ratio
    this.scale = scale
    this.left = newLeft
    this.top = newTop
    this.ratio = ratio
    this.turned = turned
    return !same
  }

  /** Lets a context draw in metres of the field, moved by `x` and `y` pixels. */
  useField(context: CanvasRenderingContext2D, x = 0, y = 0): void {
    const { scale, left, top } = this
    if (this.turned) context.setTransform(0, -scale, scale, 0, left + x, top + FIELD.width * scale + y)
    else context.setTransform(scale, 0, 0, scale, left + x, top + y)
  }

  /** Lets a context draw in metres of the screen. Upright shapes stay upright when the field is turned. */
  useScreen(context: CanvasRenderingContext2D, x = 0, y = 0): void {
    context.setTransform(this.scale, 0, 0, this.scale, this.left + x, this.top + y)
  }

  /** Converts a position on the field to metres of the screen. */
  project(x: number, y: number): Point {
    return this.turned ? { x: y, y: FIELD.width - x } : { x, y }
  }

  /** Converts a direction on the field to a direction on the screen. */
  projectDirection(x: number, y: number): Point {
    return this.turned ? { x: y, y: -x } : { x, y }
  }

  /** Converts a position on the field to pixels of the display. */
  toPixels(x: number, y: number): Point {
    const there = this.project(x, y)
    return { x: this.left + there.x * this.scale, y: this.top + there.y * this.scale }
  }

  /** Converts a position on the page to a position on the field. */
  toField(pageX: number, pageY: number): Point {
    const x = (pageX * this.ratio - this.left) / this.scale
    const y = (pageY * this.ratio - this.top) / this.scale
    return this.turned ? { x: FIELD.width - y, y: x } : { x, y }
  }

  /** Converts a direction on the screen to a direction on the field. */
  toFieldDirection(x: number, y: number): Point {
    return this.turned ? { x: -y, y: x } : { x, y }
  }
}
