// Keeps the arguments of a tick's calls in columns. Each contender reads them in its own loop, so that no number is
// boxed for one of them and not for another.

export class Shots {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly z: Float64Array
  readonly power: Uint8Array

  /** Other numbers for each call, exact as 32-bit floats. */
  constructor(readonly count: number) {
    this.x = Float64Array.from({ length: count }, (_, i) => i + 0.5)
    this.y = Float64Array.from({ length: count }, (_, i) => i * 2 + 0.25)
    this.z = Float64Array.from({ length: count }, (_, i) => -1 - i)
    this.power = Uint8Array.from({ length: count }, (_, i) => i)
  }

  /** The arguments of one call, in the order of a handler's parameters. */
  at(i: number): [x: number, y: number, z: number, power: number] {
    return [this.x[i]!, this.y[i]!, this.z[i]!, this.power[i]!]
  }
}
