// Shows on the connection how much of the promised world a joining client has.
//
// Games use it for a loading bar, and to see when everything has arrived.
import { addComponent, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'
import { Connection, Joined, Ready } from '../../../components/connection.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { MAX_SLOT } from '../../protocol/net-id.js'
import { put } from '../slot-set.js'

export class ClientJoin {
  constructor(
    private readonly world: World,
    private readonly connection: number,
    private readonly guard: (change: () => void) => void,
  ) {
    put(Connection.joinProgress, connection, 0, 0)
    // A client that is not ready has nothing.
    observe(world, onRemove(Ready), (eid: number) => {
      if (eid === connection) this.show(0)
    })
  }

  check(reader: ByteReader): void {
    const total = reader.varint()
    if (total > MAX_SLOT || reader.varint() > total) reader.fail()
  }

  apply(reader: ByteReader): void {
    const total = reader.varint()
    const remaining = reader.varint()
    // Progress that the server sent before this client stopped being ready may arrive late.
    if (hasComponent(this.world, this.connection, Ready)) this.show(remaining === 0 ? 1 : 1 - remaining / total)
  }

  /** Shows how much has arrived, from 0 to 1. */
  show(progress: number): void {
    const { world, connection } = this
    Connection.joinProgress[connection] = progress
    const isComplete = progress === 1
    if (hasComponent(world, connection, Joined) === isComplete) return
    this.guard(() => (isComplete ? addComponent : removeComponent)(world, connection, Joined))
  }
}
