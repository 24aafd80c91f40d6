// Makes an entity the player of a connection, also one that another connection owns. The server refuses while another
// open connection does.
import { clearOwner, type ServerWorld, setPlayer, type SetPlayerOptions, UsageError } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { expect } from 'vitest'

export function handOver(server: ServerWorld, connection: number, eid: number, options: SetPlayerOptions = {}): void {
  const owner = Networked.owner[eid]!
  try {
    setPlayer(server, connection, eid, options)
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'not-owner') throw error
    expect([0, connection]).not.toContain(owner)
    clearOwner(server, eid)
    setPlayer(server, connection, eid, options)
  }
}
