// Keeps the bans of users and addresses, each for a time or permanently. The list is bounded.
import { truncateUtf8 } from '../../protocol/packet.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'

/** The most bans that are kept. */
export const MAX_BANS = 10_000

/** A ban of either a user or an address. */
export interface BanEntry {
  /** The user's key, or ''. */
  readonly user: string
  /** The address, or the first 64 bits of it, in the form of `networkOfAddress`, or ''. */
  readonly network: string
  /** When the ban ends, in milliseconds of the list's clock; Infinity for a permanent one. */
  readonly endsAt: number
  /** The human-readable reason, as long as a reason may be. */
  readonly text: string
}

/** What identifies a client to the list. */
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
   * Adds or changes a ban. A full list evicts the ban that would end first, or the oldest permanent one; it is
   * returned.
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

  /** The reason why a client is banned; undefined when it is not. */
  textFor({ userKey, network }: Identity): string | undefined {
    return (this.find(userKey, '') ?? this.find('', network))?.text
  }

  /** All bans that have not ended, the oldest first, users before addresses. */
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
