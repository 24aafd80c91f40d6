// Tests definitions: the options that a game may declare, and the errors for invalid ones.
import { describe, expect, it } from 'vitest'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineTargetRpc,
  replicate,
} from '../../../src/protocol/definitions.js'
import { ProtocolError } from '../../../src/protocol/errors.js'
import { MAX_RELIABLE_PAYLOAD, MAX_UNRELIABLE_PAYLOAD } from '../../../src/protocol/limits.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { defineScene } from '../../../src/protocol/scenes.js'
import { bool, entity, f32, string, u16, u8 } from '../../../src/protocol/types/schema.js'

describe('calls and messages', () => {
  it('have the documented defaults', () => {
    expect(defineCommand({ a: u8 })).toMatchObject({ kind: 'command', channel: 'reliable', requiresAuthority: true })
    expect(defineCommand({ a: u8 }).rate).toBeUndefined()
    expect(defineClientRpc({ a: u8 })).toMatchObject({ kind: 'client-rpc', channel: 'reliable', includeOwner: true })
    expect(defineTargetRpc({ a: u8 })).toMatchObject({ kind: 'target-rpc', channel: 'reliable' })
    expect(defineMessage({ a: u8 })).toMatchObject({ kind: 'message', channel: 'reliable', from: 'both' })
  })

  it('keep their options', () => {
    const rate = { perSecond: 5, burst: 2 }
    expect(defineCommand({}, { channel: 'unreliable', requiresAuthority: false, rate })).toMatchObject({
      channel: 'unreliable',
      requiresAuthority: false,
      rate,
    })
    expect(defineClientRpc({}, { includeOwner: false })).toMatchObject({ includeOwner: false })
    expect(defineMessage({}, { from: 'server' })).toMatchObject({ from: 'server' })
  })

  it('refuse an unknown channel', () => {
    expect(() => defineCommand({}, { channel: 'fast' as never })).toThrow("channel is 'reliable' or 'unreliable'")
  })

  it('refuse an unknown origin, and a requiresAuthority that is not a boolean', () => {
    expect(() => defineMessage({}, { from: 'sever' as never })).toThrow(
      "from is 'client', 'server' or 'both', got sever",
    )
    expect(() => defineCommand({}, { requiresAuthority: 'no' as never })).toThrow('requiresAuthority is true or false')
    expect(() => defineCommand({}, { requiresAuthority: null as never })).toThrow(ProtocolError)
  })

  it('refuse a rate that allows no calls', () => {
    for (const rate of [
      { perSecond: 0, burst: 1 },
      { perSecond: -1, burst: 1 },
      { perSecond: 1, burst: 0 },
      { perSecond: NaN, burst: 1 },
      { perSecond: 1, burst: NaN },
    ]) {
      expect(() => defineCommand({}, { rate })).toThrow(ProtocolError)
    }
  })

  it('refuse arguments that cannot fit a packet of their channel', () => {
    const most = MAX_UNRELIABLE_PAYLOAD - 2
    expect(() => defineMessage({ text: string(most) }, { channel: 'unreliable' })).not.toThrow()
    expect(() => defineMessage({ text: string(most + 1) }, { channel: 'unreliable' })).toThrow(ProtocolError)
    expect(() => defineMessage({ a: string(16_000) })).not.toThrow()
    const half = string(Math.ceil(MAX_RELIABLE_PAYLOAD / 2))
    expect(() => defineMessage({ a: half, b: half })).toThrow('the reliable channel')
  })
})

describe('replicate', () => {
  const Position = { y: new Float32Array(4), x: new Float32Array(4), label: ['a'] }

  it('sorts fields by name', () => {
    const replicated = replicate(Position, { y: f32, x: f32 })
    expect(replicated.fields.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(replicated.text).toBe('{x:f32,y:f32}')
    expect(replicated.interpolate).toBe(false)
    expect(replicated.store).toBe(Position)
  })

  it('makes a tag without fields', () => {
    expect(replicate({}).fields).toEqual([])
    expect(replicate({}).text).toBe('{}')
  })

  it('refuses a field that the store does not have as an array of numbers', () => {
    expect(() => replicate(Position, { z: f32 } as never)).toThrow('the component has no field z; it has y, x, label')
    expect(() => replicate({}, { z: f32 } as never)).toThrow('the component has no field z; it has none')
    expect(() => replicate(Position, { label: u16 } as never)).toThrow('field label is not an array of numbers')
    expect(() => replicate({ v: new DataView(new ArrayBuffer(8)) } as never, { v: u8 } as never)).toThrow(ProtocolError)
  })

  it('refuses a type that cannot be a column', () => {
    expect(() => replicate(Position, { x: string(5) as never })).toThrow('x cannot be string(5)')
    expect(() => replicate(Position, { x: undefined } as never)).toThrow(ProtocolError)
    expect(() => replicate({ on: new Uint8Array(1) }, { on: bool })).not.toThrow()
  })

  it('checks at compile time which fields can be replicated', () => {
    // @ts-expect-error a list of texts is no typed array
    expect(() => replicate({ label: ['a'] }, { label: u8 })).toThrow(ProtocolError)
    // @ts-expect-error no such field
    expect(() => replicate(Position, { z: f32 })).toThrow(ProtocolError)
  })

  it('refuses a store that is itself an array, without a type or fields', () => {
    for (const store of [[], ['a'], new Float32Array(4), new DataView(new ArrayBuffer(4))]) {
      expect(() => replicate(store)).toThrow('needs a type')
      expect(() => replicate(store)).toThrow(ProtocolError)
    }
  })

  it('refuses to make a tag of a component with data', () => {
    expect(() => replicate(Position)).toThrow('lists no fields, but the component has y, x, label')
    expect(() => replicate(Position, {})).toThrow(ProtocolError)
  })

  it('refuses entities in arrays that cannot hold every id', () => {
    for (const array of [new Uint8Array(4), new Uint16Array(4), new Int16Array(4), new Float32Array(4)]) {
      expect(() => replicate({ target: array }, { target: entity })).toThrow('target holds entities')
    }
    for (const array of [new Uint32Array(4), new Int32Array(4), new Float64Array(4)]) {
      expect(() => replicate({ target: array }, { target: entity })).not.toThrow()
    }
  })

  it('refuses to interpolate a tag', () => {
    expect(() => replicate({}, {}, { interpolate: true })).toThrow('nothing to interpolate')
    expect(() => replicate({}, {}, { interpolate: false })).not.toThrow()
  })

  it('refuses a value that is not a component', () => {
    for (const store of [null, undefined, 5, 'Position']) expect(() => replicate(store as never)).toThrow(ProtocolError)
  })
})

describe('a protocol', () => {
  const Fire = defineCommand({ a: u8 })
  const Chat = defineMessage({ text: string(5) })
  const Flag = replicate({})

  it('throws an error that names a missing member', () => {
    for (const input of [
      { components: { Gone: undefined } },
      { remote: { Gone: undefined } },
      { messages: { Gone: null } },
    ]) {
      expect(() => defineProtocol(input as never)).toThrow(/Gone is (undefined|null)/)
      expect(() => defineProtocol(input as never)).toThrow(ProtocolError)
    }
  })

  it('throws an error that names a member made by the wrong function', () => {
    const cases: [object, string][] = [
      [{ components: { Raw: { x: new Float32Array(1) } } }, 'components.Raw was not made by replicate'],
      [{ components: { Fire } }, 'components.Fire is a command: list it under remote'],
      [{ remote: { Chat } }, 'remote.Chat is a message: list it under messages'],
      [{ remote: { Flag } }, 'remote.Flag is a component: list it under components'],
      [{ scenes: { Fire } }, 'scenes.Fire is a command: list it under remote'],
      [{ messages: { Lobby: defineScene() } }, 'messages.Lobby is a scene: list it under scenes'],
      [{ messages: { Fire } }, 'messages.Fire is a command: list it under remote'],
      [{ messages: { Raw: {} } }, 'messages.Raw was not made by defineMessage'],
      [{ remote: { Raw: 5 } }, 'remote.Raw was not made by defineCommand, defineClientRpc or defineTargetRpc'],
    ]
    for (const [input, text] of cases) {
      expect(() => defineProtocol(input as never)).toThrow(text)
      expect(() => defineProtocol(input as never)).toThrow(ProtocolError)
    }
  })
})
