// Tests a save against bytes assembled by hand from docs/protocol.md: the library must write and read the same.
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { addComponent, addEntity, createRelation } from 'bitecs'
import { bool, createServerWorld, defineProtocol, entity, replicate, setPlayer, u16 } from 'bitecs-net'
import { setOf, type SyncSet } from 'bitecs-net/collections'
import { definePrefab, spawn } from 'bitecs-net/prefabs'
import { loadWorld, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { toHex } from '../protocol/vectors.js'

const Health = { hp: new Uint16Array(100), alive: new Uint8Array(100) }
const Crew = { members: [] as SyncSet<number>[] }
const Flag = {}
const ChildOf = createRelation({ exclusive: true })
const Ball = definePrefab({ payload: { thrower: entity } })
const protocol = defineProtocol({
  components: {
    Health: replicate(Health, { hp: u16, alive: bool }),
    Crew: replicate(Crew, { members: setOf(entity, 3) }),
    Flag: replicate(Flag),
  },
  prefabs: { Ball },
  relations: { ChildOf },
})

const DESCRIPTION = `wire 1
component Crew {members:set(entity,3)}
component Flag {}
component Health {alive:bool,hp:u16}
prefab Ball {thrower:entity}
relation ChildOf exclusive`

/** The save of the world that `scripted` makes, according to the page. */
function byHand(): Uint8Array {
  const text = [...new TextEncoder().encode(DESCRIPTION)]
  const u32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
  const bytes = [
    [0x62, 0x6e, 0x73, 0x76, 1],
    [...u32(protocol.hashHigh), ...u32(protocol.hashLow)],
    // The game's number, 300.
    [0xac, 0x02],
    // A length may be padded.
    [(text.length & 0x7f) | 0x80, (text.length >> 7) | 0x80, 0x80, 0, ...text],
    // Three entities: two without prefab and key; a ball with key "b" and a payload of two bytes, thrown by place 1.
    [3, 0, 0, 3, 0, ...u32(2), 1, 0, 1, 0x62],
    // Crew: place 1, whose set of five bytes holds places 2 and 3.
    [1, 1, ...u32(5), 2, 2, 0, 3, 0],
    // Flag: places 1 and 3.
    [2, 1, 2],
    // Health: place 2, alive, with 258 points.
    [1, 2, ...u32(1), 1, ...u32(2), 2, 1],
    // ChildOf: 2 of 1, 3 of 2.
    [2, 2, 1, 1, 2],
    // One owner, "al", with place 1, the player, and place 2.
    [1, 0x82, 0, 0x61, 0x6c, 2, 1, 0, 1, 1, 0, 0],
  ].flat()
  return Uint8Array.from([...bytes, ...u32(crc32(Uint8Array.from(bytes)))])
}

function scripted(): Uint8Array {
  const net = createTestNetwork(protocol)
  const { server } = net
  const { connection } = net.clients[0]!
  const [ship, gun] = [addEntity(server), addEntity(server)]
  for (const component of [Crew, Flag, Networked]) addComponent(server, ship, component)
  for (const component of [Health, Networked]) addComponent(server, gun, component)
  Health.hp[gun] = 258
  Health.alive[gun] = 1
  const ball = spawn(server, Ball, { thrower: ship }, { key: 'b' })
  addComponent(server, ball, Flag)
  Crew.members[ship]!.add(gun)
  Crew.members[ship]!.add(ball)
  addComponent(server, gun, ChildOf(ship))
  addComponent(server, ball, ChildOf(gun))
  setPlayer(server, connection, ship)
  Networked.owner[gun] = connection
  return saveWorld(server, { version: 300, ownerKey: () => 'al' })
}

it('saveWorld writes the bytes that docs/protocol.md describes', () => {
  expect(protocol.description).toBe(DESCRIPTION)
  expect(toHex(scripted())).toBe(toHex(byHand()))
})

it('loadWorld reads the bytes that docs/protocol.md describes', () => {
  const world = createServerWorld(protocol)
  const { version, entities, owners } = loadWorld(world, byHand())
  const [ship, gun, ball] = entities
  expect([version, [...owners]]).toEqual([300, [['al', { player: ship, entities: [ship, gun] }]]])
  expect([[...Crew.members[ship!]!], Health.hp[gun!]]).toEqual([[gun, ball], 258])
})

it('docs/protocol.md quotes bytes of the save', () => {
  const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
  const quoted = [...page.slice(page.indexOf('## Saves'), page.indexOf('## Limits')).matchAll(/: `([0-9a-f ]+)`/g)]
  expect(quoted).toHaveLength(2)
  for (const [, hex] of quoted) expect(toHex(byHand())).toContain(hex!.replaceAll(' ', ''))
})
