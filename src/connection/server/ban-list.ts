// Who may not come in: users by their keys, and addresses, each for a time or for ever. Bounded, whoever adds to it.
import { truncateUtf8 } from '../../protocol/packet.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'

/** The most bans that are kept. */
export const MAX_BANS = 10_000

/** One ban: of a user or of an address, one of both. */
export interface BanEntry {
  /** The user's key, or ''. */
  readonly user: string
  /** The address, or the first 64 bits of it, in the form of `networkOfAddress`, or ''. */
  readonly network: string
  /** When it is over, in milliseconds of the list's clock; Infinity: never. */
  readonly endsAt: number
  /** Why, for people; of the length that a reason may have. */
  readonly text: string
}

/** What a client is known by. */
export interface Identity {
  readonly userKey: string
  readonly network: string
}

export class BanList {
  private readonly byUser = new Map<string, BanEntry>()
  private readonly byNetwork = new Map<string, BanEntry>()

  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.byUser.size + this.byNetwork.size
  }

  /**
   * Adds a ban, or changes the one that is there. When there are too many, the one that would end first gives way, of those
   * for ever the oldest; it is returned.
   */
  add(entry: BanEntry): BanEntry | undefined {
    const kept = { ...entry, text: truncateUtf8(entry.text, MAX_REASON_BYTES) }
    if (kept.user !== '') this.byUser.set(kept.user, kept)
    else this.byNetwork.set(kept.network, kept)
    return this.size > MAX_BANS ? this.makeRoom(kept) : undefined
  }

  /** Ends a ban. Returns whether there was one. */
  remove(user: string, network: string): boolean {
    const wasThere = this.find(user, network) !== undefined
    if (user !== '') this.byUser.delete(user)
    else this.byNetwork.delete(network)
    return wasThere
  }

  /** Why somebody may not come in; undefined when he may. */
  textFor({ userKey, network }: Identity): string | undefined {
    return (this.find(userKey, '') ?? this.find('', network))?.text
  }

  /** All that are not over, the oldest first, users before addresses. */
  list(): readonly BanEntry[] {
    this.forgetOver()
    return [...this.byUser.values(), ...this.byNetwork.values()]
  }

  private find(user: string, network: string): BanEntry | undefined {
    const entry = user === '' ? this.byNetwork.get(network) : this.byUser.get(user)
    return entry !== undefined && entry.endsAt > this.now() ? entry : undefined
  }

  private forgetOver(): void {
    const now = this.now()
    for (const map of [this.byUser, this.byNetwork]) {
      for (const [key, { endsAt }] of map) if (endsAt <= now) map.delete(key)
    }
  }

  private makeRoom(added: BanEntry): BanEntry | undefined {
    this.forgetOver()
    if (this.size <= MAX_BANS) return undefined
    const others = this.list().filter((entry) => entry !== added)
    const first = others.reduce((soonest, entry) => (entry.endsAt < soonest.endsAt ? entry : soonest))
    this.remove(first.user, first.network)
    return first
  }
}
