// Chains outgoing calls by receiver, so that the calls of one client are found without visiting those of others.
import { growTo } from '../replication/slot-set.js'

/** The first and the last call of each chain, counted from 1. Each call stores the next one. */
export class CallChains {
  private firsts = new Uint32Array(16)
  private lasts = new Uint32Array(16)

  /** Appends a call to a chain. Returns the call before it in the chain, or -1. */
  append(key: number, call: number): number {
    if (key >= this.firsts.length) {
      this.firsts = growTo(this.firsts, key + 1)
      this.lasts = growTo(this.lasts, key + 1)
    }
    const previous = this.lasts[key]!
    if (previous === 0) this.firsts[key] = call + 1
    this.lasts[key] = call + 1
    return previous - 1
  }

  /** The first call of a chain, or -1. */
  first(key: number): number {
    return key < this.firsts.length ? this.firsts[key]! - 1 : -1
  }

  forget(key: number): void {
    this.firsts[key] = 0
    this.lasts[key] = 0
  }
}
