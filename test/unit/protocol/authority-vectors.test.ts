// Golden vectors of owners' writes and of owner-only components: the library writes a scripted run byte for byte, and
// a reader written from docs/protocol.md alone reads it.
import { addComponents, addEntity } from 'bitecs'
import { clearOwner, defineProtocol, entityOf, netIdOf, quantized, replicate, setOwner, u16, u8 } from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { fnv1a, fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { goldenRun, RecordedRun } from './recorded-run.js'

const Position = { x: [] as number[], y: [] as number[] }
const Purse = { gold: [] as number[] }
const Shown = { hat: [] as number[] }
const metres = quantized(-100, 100, 0.5)
const protocol = defineProtocol({
  components: {
    Position: replicate(Position, { x: metres, y: metres }, { authority: 'client' }),
    Purse: replicate(Purse, { gold: u16 }, { to: 'owner' }),
    Shown: replicate(Shown, { hat: u8 }),
  },
})
const described = parseProtocol(protocol.description)

/** One client and a ship that it comes to own, writes, has corrected, and loses. */
function scriptedRun() {
  const net = createTestNetwork(protocol, { clients: 0, seed: 3 })
  const run = new RecordedRun(net, described, ['reliable', 'unreliable'])
  const { server } = net
  const client = net.connect({ reconnect: 'never' })
  run.record(server, 'server')
  run.record(client.world, 'client')
  const ship = addEntity(server)
  addComponents(server, ship, [Position, Purse, Shown, Networked])
  Position.x[ship] = 1
  Position.y[ship] = -1
  Purse.gold[ship] = 500
  Shown.hat[ship] = 7
  run.tick(2)
  setOwner(server, ship, client.connection)
  run.tick(2)
  const copy = entityOf(client.world, netIdOf(server, ship))
  Position.x[copy] = 50
  Purse.gold[ship] = 600
  run.tick(2)
  Position.x[ship] = -50
  correct(server, ship, Position)
  run.tick(2)
  clearOwner(server, ship)
  run.tick(2)
  return { run, shown: [Position.x[copy], Position.x[ship]] }
}

const golden = () => goldenRun('authority-vectors.json')

describe('the library', () => {
  it('writes the golden run of an owner byte for byte', async () => {
    const { run, shown } = scriptedRun()
    // After an intended change, run this file with `-u`.
    await expect(run.text()).toMatchFileSnapshot('authority-vectors.json')
    expect(shown).toEqual([-50, -50])
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('computes the same hash of the description', () => {
    expect(protocol.description).toContain(
      'component Position {x:quantized(-100,100,0.5),y:quantized(-100,100,0.5)} by owner',
    )
    expect(protocol.description).toContain('component Purse {gold:u16} to owner')
    expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  })

  it('reads every packet of the run completely, and gets the actions of the script', () => {
    const said = golden().map(({ from, hex }) => {
      return `${from}: ${readPacket(fromHex(hex), described).slice(1).join('; ')}`
    })
    expect(said.filter((text) => !text.endsWith(': '))).toEqual([
      'server: spawn 1.0 Position(x=1 y=-1) Shown(hat=7)',
      'server: correction 1 Position(x=1 y=-1); add 1 Purse(gold=500); owns 1',
      'client: owner update 1 Position(x=50 y=-1)',
      'server: update 1 Position(x=50 y=-1); update 1 Purse(gold=600)',
      'server: correction 1 Position(x=-50 y=-1)',
      'server: update 1 Position(x=-50 y=-1)',
      'server: loses 1; correction 1 Position(x=-50 y=-1); remove 1 Purse',
    ])
  })
})
