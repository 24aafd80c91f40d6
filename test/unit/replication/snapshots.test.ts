// Tests snapshots: the values of an interpolated component between two states, and without new states.
import { describe, expect, it } from 'vitest'
import { FieldStore } from '../../../src/protocol/field-store.js'
import { type ColumnType, f32, quantized, u8 } from '../../../src/protocol/types/schema.js'
import { Snapshots } from '../../../src/replication/client/snapshots.js'

const SLOT = 4
const EID = 7
const EID_OF = new Uint32Array(16)
EID_OF[SLOT] = EID

function make(type: ColumnType = f32) {
  const array = new Float32Array(16)
  const snapshots = new Snapshots([{ spec: type.column, store: new FieldStore({ array }, 'array'), parts: [] }])
  snapshots.reserve(16)
  const push = (tick: number, value: number): void => {
    snapshots.push(SLOT, tick)
    snapshots.set(SLOT, 0, value)
  }
  const at = (tick: number): number => {
    snapshots.show(tick, EID_OF)
    return array[EID]!
  }
  snapshots.restart(SLOT, 10)
  snapshots.set(SLOT, 0, 100)
  array[EID] = 100
  return { array, snapshots, push, at }
}

describe('an interpolated value', () => {
  it('moves linearly between two states, then stays at the newest', () => {
    const { push, at } = make()
    push(11, 200)
    expect(at(10)).toBe(100)
    expect(at(10.25)).toBe(125)
    expect(at(10.5)).toBe(150)
    expect(at(11)).toBe(200)
    expect(at(15)).toBe(200)
  })

  it('passes through every received state', () => {
    const { push, at } = make()
    push(11, 200)
    push(12, 0)
    push(13, 50)
    expect([10.5, 11, 11.5, 12, 12.5, 13].map(at)).toEqual([150, 200, 100, 0, 25, 50])
  })

  it('is interpolated across lost states', () => {
    const { push, at } = make()
    push(13, 400)
    expect([11, 12, 13].map(at)).toEqual([200, 300, 400])
  })

  it('stays constant, after a longer time without states, until the tick before the change', () => {
    const { push, at } = make()
    push(40, 200)
    expect([20, 39, 39.5, 40].map(at)).toEqual([100, 100, 150, 200])
  })

  it('switches without blending if it is an integer', () => {
    const { push, at } = make(u8)
    push(11, 200)
    expect([10.9, 11].map(at)).toEqual([100, 200])
  })

  it('is blended if it is quantized', () => {
    const { push, at } = make(quantized(0, 1000, 1))
    push(11, 101)
    expect(at(10.5)).toBe(100.5)
  })

  it('is the oldest known one for an older tick', () => {
    const { push, at } = make()
    for (let tick = 11; tick < 30; tick++) push(tick, tick)
    expect(at(5)).toBe(22)
  })

  it('is not blended if it is infinite', () => {
    const { push, at } = make()
    push(11, Infinity)
    push(12, Infinity)
    expect(at(11.5)).toBe(Infinity)
    expect(at(12)).toBe(Infinity)
  })
})

describe('a value without a new state', () => {
  it('is not overwritten, so a value that the game writes itself stays', () => {
    const { push, at, array } = make()
    push(11, 200)
    at(11)
    array[EID] = 5
    expect(at(12)).toBe(5)
  })

  it('is not interpolated after its entity was forgotten, or from states before a restart', () => {
    const { push, at, array, snapshots } = make()
    push(11, 200)
    snapshots.forget(SLOT)
    expect(at(10.5)).toBe(100)
    snapshots.restart(SLOT, 20)
    snapshots.set(SLOT, 0, 7)
    array[EID] = 7
    expect(at(20.5)).toBe(7)
    push(21, 9)
    expect(at(20.5)).toBe(8)
  })

  it('is not written for an entity that no longer exists', () => {
    const { push, snapshots, array } = make()
    push(11, 200)
    snapshots.show(10.5, new Uint32Array(16))
    expect(array[EID]).toBe(100)
    expect(array[0]).toBe(0)
  })
})
