// Shows the entities that this client owns and its player, with `Owned` and `LocalPlayer`, as the server reports them.
import { Connection } from '../../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { readNetId } from '../../protocol/net-id.js'
import type { ClientAuthority } from '../authority/client-authority.js'
import type { ClientCopies } from './client-copies.js'
import type { ClientEntities } from './client-entities.js'
import { readSlot } from '../wire/block-slots.js'

export class ClientOwnership {
  constructor(
    private readonly entities: ClientEntities,
    private readonly copies: ClientCopies,
    private readonly authority: ClientAuthority,
    /** The one connection entity of this world. */
    private readonly connection: number,
  ) {}

  check(reader: ByteReader): void {
    readSlot(reader)
    if (reader.u8() > 1) reader.fail()
  }

  apply(reader: ByteReader, tick: number): void {
    const index = this.entities.indexOf(readSlot(reader))
    const owned = reader.u8() === 1
    const eid = this.entities.eidOf[index]!
    if (eid === 0) return
    if (owned) this.showOwned(index, eid, tick)
    else {
      this.authority.lose(index)
      Networked.owner[eid] = 0
      this.copies.remove(eid, Owned)
    }
  }

  checkPlayer(reader: ByteReader): void {
    readNetId(reader)
  }

  applyPlayer(reader: ByteReader): void {
    const netId = readNetId(reader)
    const before = Connection.player[this.connection]!
    const now = this.entities.entityOf(netId)
    if (before === now) return
    if (before !== 0) this.copies.remove(before, LocalPlayer)
    if (now !== 0) this.showPlayer(now)
    else Connection.player[this.connection] = 0
  }

  /** The observers of `Owned` find the server's values, and may write their own. */
  showOwned(index: number, eid: number, tick: number): void {
    this.authority.gain(index, tick)
    Networked.owner[eid] = this.connection
    this.copies.add(eid, Owned)
  }

  /** Lets another entity stand for one that this client owns. Writes to the former may not have been sent yet. */
  moveOwned(index: number, eid: number): void {
    this.showOwned(index, eid, 0)
    this.authority.oweAll(index)
  }

  showPlayer(eid: number): void {
    Connection.player[this.connection] = eid
    this.copies.add(eid, LocalPlayer)
  }
}
