// Keeps the last call of each buffered RPC on each entity, for clients that observe the entity later.
import { slotOf } from '../protocol/net-id.js'

/** A call as it was sent, and the connections that must not get it. */
export class BufferedCall {
  /** The section as it is sent: `bytes[0 .. length)`. */
  bytes = new Uint8Array(0)
  length = 0
  netId = 0
  /** The net ids that it names. */
  readonly named: number[] = []
  includesOwner = true
  /** Connection numbers (`Connection.id`) that were left out. */
  readonly leftOut: number[] = []
  /** When it is limited: numbers of the connections that may get it, or the group whose members may. */
  isLimited = false
  readonly only: number[] = []
  group: string | undefined
  /**
   * The count of sent ticks when it was made. Clients that observe the entity at the next sending get the call itself.
   */
  madeAfter = 0

  constructor(readonly id: number) {}

  /** Copies the section `bytes[start .. end)`. The memory of the copy is reused. */
  copy(bytes: Uint8Array, start: number, end: number): void {
    this.length = end - start
    if (this.bytes.length < this.length) this.bytes = new Uint8Array(this.length)
    for (let i = start, to = 0; i < end; i++, to++) this.bytes[to] = bytes[i]!
  }
}

export class BufferedCalls {
  /** By slot: one call for each definition, in the order in which they were made. */
  private readonly bySlot: (BufferedCall[] | undefined)[] = []
  /** Number of entities that have some. */
  entities = 0
  private sends = 0

  /**
   * Returns the call to fill in, which replaces the last one of this definition on this entity. No connection is left
   * out yet.
   */
  replace(netId: number, id: number): BufferedCall {
    const slot = slotOf(netId)
    while (this.bySlot.length <= slot) this.bySlot.push(undefined)
    let calls = this.bySlot[slot]
    if (calls === undefined) {
      calls = this.bySlot[slot] = []
      this.entities++
    }
    const call = take(calls, id)
    calls.push(call)
    call.netId = netId
    call.named.length = 0
    call.leftOut.length = 0
    call.only.length = 0
    call.isLimited = false
    call.group = undefined
    call.madeAfter = this.sends
    return call
  }

  /**
   * The calls on the entity in a slot, oldest first, including those of this tick, which are also sent themselves; see
   * {@link isNew}.
   */
  of(slot: number): readonly BufferedCall[] | undefined {
    return this.bySlot[slot]
  }

  /** Passes to `note` the net ids that the calls on the entity in a slot name. */
  eachName(slot: number, note: (netId: number) => void): void {
    const calls = this.bySlot[slot]
    if (calls === undefined) return
    for (let c = 0; c < calls.length; c++) {
      const { named } = calls[c]!
      for (let n = 0; n < named.length; n++) note(named[n]!)
    }
  }

  /** Whether a call was made since the last sending. Clients that observe its entity now get the call itself. */
  isNew(call: BufferedCall): boolean {
    return call.madeAfter === this.sends
  }

  /** The tick was sent. */
  finishTick(): void {
    this.sends++
  }

  /** The entity in a slot has ended. */
  free(slot: number): void {
    if (this.bySlot[slot] === undefined) return
    this.bySlot[slot] = undefined
    this.entities--
  }
}

/** Takes the call of a definition out of the list, or creates one. */
function take(calls: BufferedCall[], id: number): BufferedCall {
  for (let i = 0; i < calls.length; i++) {
    const call = calls[i]!
    if (call.id !== id) continue
    calls.copyWithin(i, i + 1)
    calls.pop()
    return call
  }
  return new BufferedCall(id)
}
