// Definitions: what a game may declare, and the sentence it gets when it may not.
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
import { bool, f32, string, u16, u8 } from '../../../src/protocol/schema.js'

describe('calls and messages', () => {
  it('have the defaults that their docs name', () => {
    expect(defineCommand({ a: u8 })).toMatchObject({ kind: 'command', channel: 'reliable', requiresAuthority: true })
    expect(defineCommand({ a: u8 }).rate).toBeUndefined()
    expect(defineClientRpc({ a: u8 })).toMatchObject({ kind: 'client-rpc', channel: 'reliable', includeOwner: true })
    expect(defineTargetRpc({ a: u8 })).toMatchObject({ kind: 'target-rpc', channel: 'reliable' })
    expect(defineMessage({ a: u8 })).toMatchObject({ kind: 'message', channel: 'reliable', from: 'both' })
  })

  it('take their options', () => {
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

  it('refuse a rate that lets nothing through', () => {
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

  it('takes fields in the order of their names', () => {
    const replicated = replicate(Position, { y: f32, x: f32 })
    expect(replicated.fields.map(({ name }) => name)).toEqual(['x', 'y'])
    expect(replicated.text).toBe('{x:f32,y:f32}')
    expect(replicated.interpolate).toBe(false)
    expect(replicated.store).toBe(Position)
  })

  it('without fields is a tag', () => {
    expect(replicate({}).fields).toEqual([])
    expect(replicate({}).text).toBe('{}')
  })

  it('refuses a field that the store does not have as a typed array', () => {
    expect(() => replicate(Position, { z: f32 } as never)).toThrow('field z is not a typed array')
    expect(() => replicate(Position, { label: u16 } as never)).toThrow('field label is not a typed array')
    expect(() => replicate({ v: new DataView(new ArrayBuffer(8)) } as never, { v: u8 } as never)).toThrow(ProtocolError)
  })

  it('refuses a type that no column can hold', () => {
    expect(() => replicate(Position, { x: string(5) as never })).toThrow('x cannot be string(5)')
    expect(() => replicate(Position, { x: undefined } as never)).toThrow(ProtocolError)
    expect(() => replicate({ on: new Uint8Array(1) }, { on: bool })).not.toThrow()
  })

  it('refuses what is no component', () => {
    for (const store of [null, undefined, 5, 'Position']) expect(() => replicate(store as never)).toThrow(ProtocolError)
  })
})
