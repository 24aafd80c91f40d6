// The limit of all limits: as many bytes as the changes take, copied once.

export class Memcpy {
  private readonly source: Uint8Array
  private readonly target: Uint8Array

  constructor(size: number) {
    this.source = Uint8Array.from({ length: size }, (_, i) => i & 0xff)
    this.target = new Uint8Array(size)
  }

  /** Copies, and returns the last byte. */
  encode(): number {
    this.target.set(this.source)
    return this.target[this.target.length - 1]!
  }
}
