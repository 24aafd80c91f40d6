// Keeps rows of bits: for each class of entities, or each cell, one bit for each client.
import { growTo } from '../slot-set.js'

export class BitRows {
  /** Row after row, each of `words` words. */
  bits = new Uint32Array(32)

  constructor(public words = 1) {}

  /** Makes room for rows. */
  reserve(rows: number): void {
    this.bits = growTo(this.bits, rows * this.words)
  }

  /** Makes every row longer. */
  widen(words: number): void {
    const before = this.words
    const rows = Math.floor(this.bits.length / before)
    const wider = new Uint32Array(rows * words)
    for (let row = 0; row < rows; row++) {
      for (let w = 0; w < before; w++) wider[row * words + w] = this.bits[row * before + w]!
    }
    this.bits = wider
    this.words = words
  }

  has(row: number, index: number): boolean {
    return (this.bits[row * this.words + (index >>> 5)]! & (1 << (index & 31))) !== 0
  }

  /** Sets or clears one bit. Returns whether it changed. */
  put(row: number, index: number, on: boolean): boolean {
    const at = row * this.words + (index >>> 5)
    const bit = 1 << (index & 31)
    if (((this.bits[at]! & bit) !== 0) === on) return false
    this.bits[at]! ^= bit
    return true
  }

  clearRow(row: number): void {
    this.bits.fill(0, row * this.words, (row + 1) * this.words)
  }
}
