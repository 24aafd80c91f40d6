// Remembers the keys of entities that ended, on the server. Clients from which such an entity was hidden, and clients
// that connect later, have entities of their scenes that stood, or would stand, for it.
//
// The keys are a log, with one position for each client: a tick in which no key ends costs nothing. The log is bounded.
// If a key is dropped before a client receives it, the client's entity keeps waiting.
import type { PacketBuilder } from '../../connection/session.js'
import { MAX_ENDED_KEYS } from '../../protocol/limits.js'
import { SectionKind } from '../../protocol/packet.js'
import { MAX_ENDED_KEY_BYTES, writeEndedKey } from '../../protocol/prefab.js'
import type { Observer } from './observer.js'

interface EndedKey {
  /** '' when it is forgotten, or when an entity has it again. */
  key: string
  readonly number: number
}

export class EndedKeys {
  /** In the order of the ends. Removed entries are cleared in batches of a thousand. */
  private log: EndedKey[] = []
  private readonly byKey = new Map<string, EndedKey>()
  /** The number of the newest. */
  private newest = 0
  private isOver = false

  has(key: string): boolean {
    return this.byKey.has(key)
  }

  /** Notes that an entity with a key has ended. */
  add(key: string): void {
    this.begin(key)
    const ended: EndedKey = { key, number: ++this.newest }
    this.byKey.set(key, ended)
    this.log.push(ended)
    if (this.byKey.size > MAX_ENDED_KEYS) this.begin(this.byKey.keys().next().value!)
    if (this.log.length >= 2 * MAX_ENDED_KEYS) this.log = this.log.filter((one) => one.key !== '')
  }

  /** Removes a key from the log, because an entity with it begins. */
  begin(key: string): void {
    const ended = this.byKey.get(key)
    if (ended === undefined) return
    ended.key = ''
    this.byKey.delete(key)
  }

  /** Forgets the log from the next tick on: scenes change, and a client that joins then has nothing of the old ones. */
  forgetLater(): void {
    this.isOver = true
  }

  /** Ends the tick after every client was notified. */
  finishTick(): void {
    if (!this.isOver) return
    this.isOver = false
    this.log = []
    this.byKey.clear()
  }

  /**
   * Sends a client the keys that it has not received, after the despawns of the tick. That includes keys of entities
   * that it had, because its game may give the key to another entity of its scene.
   */
  write(observer: Observer, packet: PacketBuilder): void {
    const told = observer.toldEnds
    if (told === this.newest) return
    observer.toldEnds = this.newest
    const { log } = this
    let from = log.length
    while (from > 0 && log[from - 1]!.number > told) from--
    for (let i = from; i < log.length; i++) {
      const { key } = log[i]!
      if (key === '') continue
      packet.fit(1 + MAX_ENDED_KEY_BYTES)
      packet.writer.u8(SectionKind.KeyEnded)
      writeEndedKey(packet.writer, key)
    }
  }
}
