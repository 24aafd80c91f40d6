// Calls that overtook the spawn of their entity: kept, within bounds, until the structure they were sent behind is applied.
import { ByteWriter } from '../protocol/bytes.js'
import type { CallSection } from './inbound-calls.js'

/** Calls kept at once, and bytes of their arguments; one more is dropped. */
const MAX_CALLS = 256
const MAX_BYTES = 65_536

export class EarlyCalls {
  private readonly payloads = new ByteWriter(0)
  private readonly netIds = new Uint32Array(MAX_CALLS)
  private readonly ids = new Uint32Array(MAX_CALLS)
  private readonly structureTicks = new Uint32Array(MAX_CALLS)
  /** Where each payload begins; it ends where the next begins. */
  private readonly starts = new Uint32Array(MAX_CALLS + 1)
  count = 0

  /** Keeps the call in `section`, whose payload lies in `bytes`. Returns false when there is no room. */
  hold(section: CallSection, bytes: Uint8Array, structureTick: number): boolean {
    const { payloads, count } = this
    const size = section.end - section.start
    if (count === MAX_CALLS || payloads.length + size > MAX_BYTES) return false
    this.netIds[count] = section.netId
    this.ids[count] = section.id
    this.structureTicks[count] = structureTick
    payloads.copy(bytes, section.start, section.end)
    this.starts[count + 1] = payloads.length
    this.count++
    return true
  }

  /** Puts the calls whose structure has been applied into `section`, oldest first, and runs and forgets them. */
  release(appliedTick: number, section: CallSection, run: (bytes: Uint8Array) => void): void {
    const { payloads, count } = this
    let kept = 0
    for (let i = 0; i < count; i++) {
      const start = this.starts[i]!
      const end = this.starts[i + 1]!
      if (this.structureTicks[i]! <= appliedTick) {
        section.become(this.ids[i]!, end)
        section.netId = this.netIds[i]!
        section.start = start
        run(payloads.bytes)
        continue
      }
      const to = this.starts[kept]!
      payloads.bytes.copyWithin(to, start, end)
      this.netIds[kept] = this.netIds[i]!
      this.ids[kept] = this.ids[i]!
      this.structureTicks[kept] = this.structureTicks[i]!
      this.starts[++kept] = to + end - start
    }
    this.count = kept
    payloads.length = this.starts[kept]!
  }

  clear(): void {
    this.count = 0
    this.payloads.clear()
  }
}
