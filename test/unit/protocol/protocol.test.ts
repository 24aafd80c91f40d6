// Tests protocols: ids that do not depend on the order of listing, a hash of everything that matters, human-readable
// differences.
import { createRelation, IsA, Wildcard } from 'bitecs'
import { describe, expect, it } from 'vitest'
import { defineClientRpc, defineCommand, defineMessage, replicate } from '../../../src/protocol/definitions.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { definePrefab } from '../../../src/protocol/prefab.js'
import { defineProtocol, protocolDifferences, type ProtocolInput } from '../../../src/protocol/protocol.js'
import { defineScene } from '../../../src/protocol/scenes.js'
import { f32, quantized, string, u16, u8 } from '../../../src/protocol/types/schema.js'

const Position = { x: new Float32Array(4), y: new Float32Array(4) }
const Health = { hp: new Uint16Array(4) }
const Fire = defineCommand({ angle: f32 })
const Boom = defineClientRpc({ x: f32 })
const Chat = defineMessage({ text: string(200) })

/** A protocol with two components and a prefab of some of them. */
function prefabWith(components: readonly object[]): ProtocolInput {
  return {
    components: { Position: replicate(Position, { x: f32 }), Health: replicate(Health, { hp: u16 }) },
    prefabs: { Ball: definePrefab({ components }) },
  }
}

describe('defineProtocol', () => {
  it('assigns ids by name, so that the order of listing does not matter', () => {
    const one = defineProtocol({
      components: { Position: replicate(Position, { x: f32, y: f32 }), Health: replicate(Health, { hp: u16 }) },
      remote: { Fire, Boom },
      messages: { Chat },
    })
    const two = defineProtocol({
      messages: { Chat },
      remote: { Boom, Fire },
      components: { Health: replicate(Health, { hp: u16 }), Position: replicate(Position, { y: f32, x: f32 }) },
    })
    expect(one.componentNames).toEqual(['Health', 'Position'])
    expect(one.definitionNames).toEqual(['Boom', 'Chat', 'Fire'])
    expect(one.ids.get(Fire)).toBe(2)
    expect(two.description).toBe(one.description)
    expect([two.hashHigh, two.hashLow]).toEqual([one.hashHigh, one.hashLow])
    expect(protocolDifferences(one.description, two.description)).toEqual([])
  })

  it('describes everything that both sides must agree on, one line each', () => {
    const protocol = defineProtocol({
      components: { Position: replicate(Position, { x: quantized(-1, 1, 0.5), y: f32 }) },
      remote: { Fire, Boom },
      messages: { News: defineMessage({ text: string(5) }, { from: 'server', channel: 'unreliable' }) },
    })
    expect(protocol.description.split('\n')).toEqual([
      'wire 1',
      'component Position {x:quantized(-1,1,0.5),y:f32}',
      'client-rpc Boom {x:f32} reliable',
      'command Fire {angle:f32} reliable',
      'message News {text:string(5)} unreliable from server',
    ])
  })

  it('assigns ids to scenes by name, and describes them after everything else', () => {
    const Match = defineScene({ seed: u16 })
    const Lobby = defineScene()
    const protocol = defineProtocol({ scenes: { Match, Lobby }, remote: { Fire } })
    expect(protocol.sceneNames).toEqual(['Lobby', 'Match'])
    expect(protocol.sceneList).toEqual([Lobby, Match])
    expect(protocol.description.split('\n')).toEqual([
      'wire 1',
      'command Fire {angle:f32} reliable',
      'scene Lobby {}',
      'scene Match {seed:u16}',
    ])
    const other = defineProtocol({ scenes: { Match: defineScene({ seed: u8 }), Lobby }, remote: { Fire } })
    expect(protocolDifferences(protocol.description, other.description)).toEqual([
      'scene Match is {seed:u16} on the server, {seed:u8} on the client',
    ])
    expect(() => defineProtocol({ scenes: { A: Lobby, B: Lobby } })).toThrow('A and B are the same scene')
    expect(() => defineProtocol({ scenes: { 'a b': Lobby } })).toThrow('names are 1 to 64')
    expect(() => defineScene({ text: string(16_400) })).toThrow(/a scene .*at most 16315 fit a packet/)
    expect(defineScene({ text: string(16_313) }).codec.maxBytes).toBe(16_315)
  })

  it('assigns ids to relations by name, and describes whether they are exclusive', () => {
    const ChildOf = createRelation({ exclusive: true, autoRemoveSubject: true })
    const Likes = createRelation()
    const protocol = defineProtocol({ relations: { Likes, ChildOf } })
    expect(protocol.relationNames).toEqual(['ChildOf', 'Likes'])
    expect(protocol.relationList).toEqual([ChildOf, Likes])
    expect(protocol.description.split('\n')).toEqual([
      'wire 1',
      'relation ChildOf exclusive auto-remove-subject',
      'relation Likes many',
    ])
    const other = defineProtocol({ relations: { ChildOf: createRelation() } })
    expect(protocolDifferences(protocol.description, other.description)).toEqual([
      'relation ChildOf is exclusive auto-remove-subject on the server, many on the client',
      'relation Likes is only on the server',
    ])
  })

  it.each([
    ['a component', Position, /relations.R was not made by createRelation/],
    ['nothing', undefined, /relations.R was not made by createRelation of bitecs, or is imported in a circle/],
    ['another function', () => ({}), /relations.R was not made by createRelation/],
    ['Wildcard', Wildcard, /relations.R is Wildcard or IsA/],
    ['IsA', IsA, /relations.R is Wildcard or IsA/],
  ])('refuses %s as a relation', (_, relation, problem) => {
    expect(() => defineProtocol({ relations: { R: relation as never } })).toThrow(problem)
  })

  it('refuses a relation that is listed twice or has an invalid name, and too many relations', () => {
    const Likes = createRelation()
    expect(() => defineProtocol({ relations: { A: Likes, B: Likes } })).toThrow('A and B are the same relation')
    expect(() => defineProtocol({ relations: { 'a b': Likes } })).toThrow('names are 1 to 64')
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`R${i}`, createRelation()]))
    expect(() => defineProtocol({ relations: many })).toThrow('1025 relations are listed, at most 1024 can be')
  })

  it('hashes the description with 64-bit FNV-1a', () => {
    // Computed by hand with 16-bit limbs, so that a mistake in the BigInt arithmetic shows.
    const { description, hashHigh, hashLow } = defineProtocol({ remote: { Fire } })
    let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2]
    for (const byte of new TextEncoder().encode(description)) {
      a ^= byte
      // The prime is 2^40 + 0x1b3.
      const p = 0x1b3
      const n0 = a * p
      const n1 = b * p + Math.floor(n0 / 65_536)
      const n2 = c * p + a * 256 + Math.floor(n1 / 65_536)
      const n3 = d * p + b * 256 + Math.floor(n2 / 65_536)
      ;[a, b, c, d] = [n0 % 65_536, n1 % 65_536, n2 % 65_536, n3 % 65_536]
    }
    expect([hashHigh, hashLow]).toEqual([d * 65_536 + c, b * 65_536 + a])
  })

  it('has a different hash when anything on the wire differs', () => {
    const base = { Fire }
    const hash = (remote: Record<string, typeof Fire>): string => {
      const { hashHigh, hashLow } = defineProtocol({ remote })
      return `${hashHigh}.${hashLow}`
    }
    const same = hash(base)
    for (const other of [
      { Fires: Fire },
      { Fire: defineCommand({ angle: u8 }) },
      { Fire: defineCommand({ turn: f32 }) },
      { Fire: defineCommand({ angle: f32 }, { channel: 'unreliable' }) },
      { Fire, Extra: defineCommand({}) },
      {},
    ]) {
      expect(hash(other as Record<string, typeof Fire>)).not.toBe(same)
    }
    expect(hash({ Fire: defineCommand({ angle: f32 }, { rate: { perSecond: 1, burst: 1 } }) })).toBe(same)
  })

  it.each<[option: string, one: ProtocolInput, two: ProtocolInput, difference: string]>([
    [
      'send',
      { components: { Health: replicate(Health, { hp: u16 }, { send: 'once' }) } },
      { components: { Health: replicate(Health, { hp: u16 }) } },
      'component Health is {hp:u16} once on the server, {hp:u16} on the client',
    ],
    [
      'interval',
      { components: { Health: replicate(Health, { hp: u16 }, { interval: 5, authority: 'client', to: 'owner' }) } },
      { components: { Health: replicate(Health, { hp: u16 }, { authority: 'client', to: 'owner' }) } },
      'component Health is {hp:u16} by owner to owner every 5 on the server, {hp:u16} by owner to owner on the client',
    ],
    [
      'requiresAuthority',
      { remote: { Fire: defineCommand({ angle: f32 }, { requiresAuthority: false }) } },
      { remote: { Fire } },
      'command Fire is {angle:f32} reliable by anyone on the server, {angle:f32} reliable on the client',
    ],
    [
      'buffer',
      { remote: { Boom: defineClientRpc({ x: f32 }, { buffer: 'last' }) } },
      { remote: { Boom } },
      'client-rpc Boom is {x:f32} reliable buffer last on the server, {x:f32} reliable on the client',
    ],
    [
      'includeOwner',
      { remote: { Boom: defineClientRpc({ x: f32 }, { includeOwner: false }) } },
      { remote: { Boom } },
      'client-rpc Boom is {x:f32} reliable not-to-owner on the server, {x:f32} reliable on the client',
    ],
    [
      'components of a prefab',
      prefabWith([Health, Position]),
      prefabWith([Position]),
      'prefab Ball is {} with Health,Position on the server, {} with Position on the client',
    ],
    [
      'autoRemoveSubject',
      { relations: { Holds: createRelation({ autoRemoveSubject: true }) } },
      { relations: { Holds: createRelation() } },
      'relation Holds is many auto-remove-subject on the server, many on the client',
    ],
  ])('has a different hash when %s differs, and the differences name it', (_, one, two, difference) => {
    const [server, client] = [defineProtocol(one), defineProtocol(two)]
    expect([server.hashHigh, server.hashLow]).not.toEqual([client.hashHigh, client.hashLow])
    expect(protocolDifferences(server.description, client.description)).toEqual([difference])
  })

  it.each<[option: string, one: ProtocolInput, two: ProtocolInput]>([
    [
      'interpolate, track and trackChanges',
      {
        components: {
          Health: replicate(Health, { hp: u16 }, { interpolate: true, track: 'marked', trackChanges: true }),
        },
      },
      { components: { Health: replicate(Health, { hp: u16 }) } },
    ],
    [
      'rate and runLocally',
      {
        remote: {
          Fire: defineCommand({ angle: f32 }, { rate: { perSecond: 1, burst: 1 }, runLocally: true }),
        },
      },
      { remote: { Fire } },
    ],
    [
      'the unreplicated components of a prefab, and their order',
      prefabWith([Health, {}, Position]),
      prefabWith([Position, Health]),
    ],
  ])('has the same hash when the sides differ in %s', (_, one, two) => {
    expect(defineProtocol(one).description).toBe(defineProtocol(two).description)
  })

  it('refuses names of fields that would break the description', () => {
    for (const name of ['', 'a b', 'a:b', 'a,b', 'a(b', 'a}', 'a"b', 'a\\b', 'a\nb']) {
      expect(() => defineCommand({ [name]: u8 })).toThrow(`field ${JSON.stringify(name)}: a name has none of`)
      expect(() => replicate({ [name]: new Uint8Array(4) }, { [name]: u8 })).toThrow('a name has none of')
    }
    expect(() => defineCommand({ größe: u8, $a: u8, 'b-c.d': u8 })).not.toThrow()
  })

  it('refuses to list one definition or component under two names', () => {
    expect(() => defineProtocol({ remote: { Fire, Shoot: Fire } })).toThrow('Fire and Shoot are the same definition')
    const components = { A: replicate(Health, { hp: u16 }), B: replicate(Health, { hp: u16 }) }
    expect(() => defineProtocol({ components })).toThrow('A and B are the same component')
  })

  it('refuses one name for a remote action and a message', () => {
    expect(() => defineProtocol({ remote: { Chat: Fire }, messages: { Chat } })).toThrow('Chat is both')
  })

  it('accepts names of letters, digits, _, $, . and -, also those of Object’s methods', () => {
    for (const name of ['a', 'A.b-c_d$9', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(64)]) {
      const protocol = defineProtocol({ remote: { Fire }, messages: { [name]: Chat } })
      expect(protocol.definitionNames).toContain(name)
    }
  })

  it('refuses names that would break the description', () => {
    for (const name of ['', 'a b', 'a\nb', 'ä', 'x'.repeat(65)]) {
      expect(() => defineProtocol({ remote: { [name]: Fire } })).toThrow(ProtocolError)
      expect(() => defineProtocol({ components: { [name]: replicate({}) } })).toThrow('names are')
    }
  })

  it('refuses components that make one entity too large for a packet', () => {
    const wide = (fields: number) => {
      const store: Record<string, Float32Array> = {}
      const types: Record<string, typeof f32> = {}
      for (let i = 0; i < fields; i++) {
        store[`f${i}`] = new Float32Array(4)
        types[`f${i}`] = f32
      }
      return defineProtocol({ components: { Wide: replicate(store, types) } })
    }
    expect(() => wide(269)).not.toThrow()
    expect(() => wide(270)).toThrow('replicate fewer fields')
  })
})

describe('protocolDifferences', () => {
  const server = defineProtocol({
    components: { Position: replicate(Position, { x: f32 }) },
    remote: { Fire, Boom },
  }).description

  it('names the lines that only one side has, and those that differ', () => {
    const client = defineProtocol({
      components: { Position: replicate(Position, { x: f32, y: f32 }) },
      remote: { Fire },
      messages: { Chat },
    }).description
    expect(protocolDifferences(server, client)).toEqual([
      'component Position is {x:f32} on the server, {x:f32,y:f32} on the client',
      'client-rpc Boom is only on the server',
      'message Chat is only on the client',
    ])
  })

  it('accepts any text from a client', () => {
    for (const text of ['', '\n\n\n', ' ', 'wire', 'wire 2', 'component', 'x'.repeat(11_000), 'a b\n'.repeat(3000)]) {
      expect(protocolDifferences(server, text).length).toBeGreaterThan(0)
    }
    expect(protocolDifferences(server, server.replace('wire 1', 'wire 2'))).toEqual([
      'wire is 1 on the server, 2 on the client',
    ])
  })
})
