// Tests the order of the changes at the end of a server. When the transport has ended, all are visible before the
// game's systems of that tick run.
import { addComponents, addEntity, observe, onRemove, query } from 'bitecs'
import { close, defineProtocol, setOwner } from 'bitecs-net'
import { Connected, Connection, Listening, Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { serverState, type ServerWorld } from '../../../src/world/state.js'

const COMPONENTS = { Connected, Networked, Connection, Listening }

/** Two clients, of which the first owns an entity. `removed` names the components in the order of their removal. */
function start(serverSystems: ((world: ServerWorld) => void)[] = []) {
  const net = createTestNetwork(defineProtocol({}), { clients: 2, serverSystems })
  const { server } = net
  const owned = addEntity(server)
  addComponents(server, owned, Networked)
  setOwner(server, owned, net.clients[0]!.connection)
  net.tick(2)
  const removed: string[] = []
  for (const [name, component] of Object.entries(COMPONENTS)) {
    observe(server, onRemove(component), () => void removed.push(name))
  }
  return { net, removed }
}

function endTransport({ server }: TestNetwork): void {
  Object.defineProperty(serverState(server).transport!, 'hasEnded', { value: true })
}

const ORDER = ['Connected', 'Connected', 'Networked', 'Connection', 'Connection', 'Listening']

describe('the end of a server', () => {
  it('removes Connected, then the entities, then the connections, and Listening last', async () => {
    const { net, removed } = start()
    await close(net.server)
    expect(removed).toEqual(ORDER)
  })

  it("is complete before the game's systems run in the tick after the game closed its HTTP server", () => {
    let shown: number[] = []
    const { net, removed } = start([
      (world) => void (shown = Object.values(COMPONENTS).map((component) => query(world, [component]).length)),
    ])
    expect(shown).toEqual([2, 1, 2, 1])
    endTransport(net)
    net.tick()
    expect(shown).toEqual([0, 0, 0, 0])
    expect(removed).toEqual(ORDER)
    net.tick()
    expect(removed).toEqual(ORDER)
  })
})

describe('a host whose HTTP server was closed', () => {
  it('keeps running with its own client', () => {
    const net = createTestNetwork(defineProtocol({}), { host: true, clients: 1 })
    endTransport(net)
    net.tick(2)
    expect([query(net.server, [Connected]).length, query(net.server, [Listening]).length]).toEqual([1, 1])
    expect(net.clients[0]!.reason?.code).toBe('server-stopped')
  })
})
