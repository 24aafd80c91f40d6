// Interest by hand: each tick's changes are written once, cell by cell, row by row of a grid, so that what a client
// sees of one row is one stretch of bytes, which is copied into its packet.
import { POSITION_RANGE, type Changes, type Stores } from '../workload.js'

/** Words of a record: the entity, then its seven values. */
const WORDS = 8

export class HandCells {
  private readonly across: number
  private readonly cellOf: Uint32Array
  private readonly records: Uint32Array
  private readonly floats: Float32Array
  /** By cell: where its records begin. One more than there are cells, so that the next one's beginning is the end. */
  private readonly starts: Uint32Array
  private readonly fill: Uint32Array
  private readonly packet: Uint32Array
  /** By client: the first and the last cell of each row that it sees. */
  private readonly rows: readonly Uint32Array[]

  /**
   * `homes`: where entities are, x and y. `views`: where clients are. Each sees the square of cells that `radius`
   * touches.
   */
  constructor(
    private readonly stores: Stores,
    private readonly eids: Uint32Array,
    homes: readonly (readonly [number, number])[],
    views: readonly (readonly [number, number])[],
    cellSize: number,
    radius: number,
  ) {
    this.across = Math.ceil((2 * POSITION_RANGE) / cellSize)
    const { across } = this
    const cell = (at: number): number => Math.min(across - 1, Math.max(0, Math.floor((at + POSITION_RANGE) / cellSize)))
    this.cellOf = Uint32Array.from(homes, ([x, y]) => cell(y) * across + cell(x))
    this.records = new Uint32Array(eids.length * WORDS)
    this.floats = new Float32Array(this.records.buffer)
    this.starts = new Uint32Array(across * across + 1)
    this.fill = new Uint32Array(across * across)
    this.packet = new Uint32Array(eids.length * WORDS)
    this.rows = views.map(([x, y]) => {
      const rows: number[] = []
      for (let row = cell(y - radius); row <= cell(y + radius); row++) {
        rows.push(row * across + cell(x - radius), row * across + cell(x + radius))
      }
      return Uint32Array.from(rows)
    })
  }

  /** Entities that a client sees. */
  visibleTo(client: number): number[] {
    const rows = this.rows[client]!
    const visible: number[] = []
    this.cellOf.forEach((cell, entity) => {
      for (let r = 0; r < rows.length; r += 2) if (cell >= rows[r]! && cell <= rows[r + 1]!) visible.push(entity)
    })
    return visible
  }

  /** Encodes what moved, and makes every client's packet. Returns the number of bytes. */
  encode({ moved }: Changes): number {
    const { starts, fill, cellOf, records, floats, eids } = this
    const { position, rotation } = this.stores
    fill.fill(0)
    for (let i = 0; i < moved.length; i++) fill[cellOf[moved[i]!]!]!++
    let at = 0
    for (let cell = 0; cell < fill.length; cell++) {
      starts[cell] = at
      at += fill[cell]! * WORDS
      fill[cell] = starts[cell]!
    }
    starts[fill.length] = at
    for (let i = 0; i < moved.length; i++) {
      const cell = cellOf[moved[i]!]!
      const eid = eids[moved[i]!]!
      const to = fill[cell]!
      fill[cell] = to + WORDS
      records[to] = eid
      floats[to + 1] = position.x[eid]!
      floats[to + 2] = position.y[eid]!
      floats[to + 3] = position.z[eid]!
      floats[to + 4] = rotation.x[eid]!
      floats[to + 5] = rotation.y[eid]!
      floats[to + 6] = rotation.z[eid]!
      floats[to + 7] = rotation.w[eid]!
    }
    let bytes = 0
    for (let client = 0; client < this.rows.length; client++) bytes += this.copy(this.rows[client]!)
    return bytes
  }

  private copy(rows: Uint32Array): number {
    const { starts, records, packet } = this
    let length = 0
    for (let r = 0; r < rows.length; r += 2) {
      const end = starts[rows[r + 1]! + 1]!
      for (let at = starts[rows[r]!]!; at < end; at++) packet[length++] = records[at]!
    }
    return length * 4
  }
}
