// Tests the order of a reliable channel's first packets.
import { expect, it } from 'vitest'
import { OpeningOrder } from '../../../src/transport/geckos/opening-order.js'

it('lets one packet leave, and holds the rest back until the other side is heard', () => {
  const sent: number[][] = []
  const order = new OpeningOrder((bytes) => void sent.push([...bytes]))
  order.listen()
  const bytes = new Uint8Array([1, 2, 3, 4])
  expect(order.holds(bytes, 4)).toBe(false)
  expect(order.held).toBe(0)
  expect(order.holds(bytes, 4)).toBe(true)
  // The caller's buffer is reused.
  bytes[0] = 9
  expect(order.holds(bytes, 2)).toBe(true)
  expect(order.held).toBe(6)
  order.heard()
  expect(sent).toEqual([[], [1, 2, 3, 4], [9, 2]])
  expect(order.held).toBe(0)
  expect(order.holds(bytes, 4)).toBe(false)
  order.heard()
  expect(sent).toHaveLength(3)
})

it('holds nothing back when the other side was heard first', () => {
  const order = new OpeningOrder(() => {})
  order.heard()
  expect(order.holds(new Uint8Array(4), 4)).toBe(false)
  expect(order.holds(new Uint8Array(4), 4)).toBe(false)
  expect(order.held).toBe(0)
})

it('survives a channel that closes meanwhile', () => {
  const order = new OpeningOrder(() => {
    throw new Error('closed')
  })
  expect(() => order.listen()).not.toThrow()
  order.holds(new Uint8Array(1), 1)
  order.holds(new Uint8Array(1), 1)
  expect(() => order.heard()).not.toThrow()
})
