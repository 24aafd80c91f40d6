// Tests delivery: each unreliable packet is reported once, as acknowledged or lost, and the window is respected.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Delivery, type DeliverySink } from '../../../src/connection/delivery.js'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ACK_WINDOW, Acknowledgement, ReceiveWindow } from '../../../src/protocol/sequence.js'

const SEED = 20_260_106

class Fates implements DeliverySink {
  readonly acknowledgedPackets: number[] = []
  readonly lostPackets: number[] = []
  acknowledged(sequence: number): void {
    this.acknowledgedPackets.push(sequence)
  }
  lost(sequence: number): void {
    this.lostPackets.push(sequence)
  }
}

function make() {
  const fates = new Fates()
  return { fates, delivery: new Delivery(fates) }
}

/** The acknowledgement of a receiver with this window. */
function ackOf(window: ReceiveWindow): Acknowledgement {
  const writer = new ByteWriter()
  window.write(writer)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  const ack = new Acknowledgement()
  ack.read(reader)
  return ack
}

function received(...numbers: number[]): Acknowledgement {
  const window = new ReceiveWindow()
  for (const number of numbers) window.mark(number, true)
  return ackOf(window)
}

describe('an unreliable packet', () => {
  it('is reported once when it is acknowledged, however often the acknowledgement arrives', () => {
    const { delivery, fates } = make()
    for (let i = 0; i < 3; i++) delivery.send(0)
    expect(delivery.acknowledge(received(0, 1, 2))).toBe(true)
    expect(delivery.acknowledge(received(0, 1, 2))).toBe(true)
    expect(fates.acknowledgedPackets).toEqual([0, 1, 2])
    expect(fates.lostPackets).toEqual([])
    expect(delivery.unacknowledged).toBe(0)
  })

  it('is lost when a packet three numbers later is acknowledged', () => {
    const { delivery, fates } = make()
    for (let i = 0; i < 6; i++) delivery.send(0)
    delivery.acknowledge(received(2))
    expect(fates.lostPackets).toEqual([])
    delivery.acknowledge(received(2, 3))
    expect(fates.lostPackets).toEqual([0])
    delivery.acknowledge(received(2, 3, 5))
    expect(fates.lostPackets).toEqual([0, 1])
    expect(fates.acknowledgedPackets).toEqual([2, 3, 5])
    expect(delivery.unacknowledged).toBe(1)
  })

  it('is lost, not acknowledged, when the receiver refuses the packet', () => {
    const { delivery, fates } = make()
    for (let i = 0; i < 5; i++) delivery.send(0)
    const window = new ReceiveWindow()
    window.mark(0, false)
    for (let s = 1; s < 5; s++) window.mark(s, true)
    delivery.acknowledge(ackOf(window))
    expect(fates.lostPackets).toEqual([0])
    expect(fates.acknowledgedPackets).toEqual([1, 2, 3, 4])
  })

  it('is lost once after a timeout, and a later acknowledgement does not change it', () => {
    const { delivery, fates } = make()
    delivery.send(0)
    delivery.send(60)
    delivery.expire(100, 100)
    expect(fates.lostPackets).toEqual([0])
    delivery.expire(100, 100)
    delivery.expire(159, 100)
    expect(fates.lostPackets).toEqual([0])
    delivery.expire(160, 100)
    expect(fates.lostPackets).toEqual([0, 1])
    expect(delivery.unacknowledged).toBe(2)
    delivery.acknowledge(received(0, 1))
    expect(fates.acknowledgedPackets).toEqual([])
    expect(delivery.unacknowledged).toBe(0)
  })

  it('cannot be acknowledged before it is sent', () => {
    const { delivery, fates } = make()
    expect(delivery.acknowledge(received(0))).toBe(false)
    delivery.send(0)
    expect(delivery.acknowledge(received(0))).toBe(true)
    expect(delivery.acknowledge(received(1))).toBe(false)
    expect(delivery.acknowledge(received(1000))).toBe(false)
    expect(fates.acknowledgedPackets).toEqual([0])
  })

  it('is lost when no acknowledgement can cover it any longer', () => {
    const { delivery, fates } = make()
    for (let i = 0; i < ACK_WINDOW + 10; i++) delivery.send(i)
    expect(fates.lostPackets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(delivery.unacknowledged).toBe(ACK_WINDOW)
    const last = ACK_WINDOW + 9
    delivery.acknowledge(received(last))
    expect(fates.acknowledgedPackets).toEqual([last])
    expect(fates.lostPackets).toHaveLength(ACK_WINDOW + 7)
    expect(delivery.unacknowledged).toBe(2)
  })
})

describe('the send window', () => {
  it('allows eight packets without an acknowledgement, then one every 250 ms', () => {
    const { delivery } = make()
    let sent = 0
    for (let now = 0; now < 100; now += 10) {
      delivery.startTick()
      if (delivery.maySend(now, 0)) {
        delivery.send(now)
        sent++
      }
    }
    expect(sent).toBe(8)
    const probes: number[] = []
    for (let now = 100; now <= 1100; now += 10) {
      delivery.startTick()
      if (!delivery.maySend(now, 0)) continue
      delivery.send(now)
      probes.push(now)
    }
    expect(probes).toEqual([320, 570, 820, 1070])
  })

  it('reopens with the first acknowledgement', () => {
    const { delivery } = make()
    for (let i = 0; i < 8; i++) {
      delivery.startTick()
      delivery.send(0)
    }
    expect(delivery.maySend(10, 0)).toBe(false)
    delivery.acknowledge(received(7))
    expect(delivery.maySend(10, 0)).toBe(true)
  })

  it('grows with the packets of a tick and the round trip', () => {
    const { delivery } = make()
    // Ten packets a tick and a round trip of four ticks: sixty may be in flight.
    let sent = 0
    for (let tick = 0; tick < 20; tick++) {
      delivery.startTick()
      for (let i = 0; i < 10; i++) {
        if (!delivery.maySend(0, 4)) continue
        delivery.send(0)
        sent++
      }
    }
    expect(sent).toBe(60)
  })

  it('reports in advance how many packets it will allow', () => {
    const ticks = fc.array(fc.tuple(fc.nat(60), fc.nat(3), fc.nat(400)), { minLength: 1, maxLength: 40 })
    const property = fc.property(ticks, fc.double({ min: 0, max: 6, noNaN: true }), (all, roundTrip) => {
      const { delivery } = make()
      let now = 0
      let last = -1
      for (const [packets, acknowledged, wait] of all) {
        delivery.startTick()
        now += wait
        const allowance = delivery.allowance(now, roundTrip)
        let sent = 0
        while (sent < 300 && delivery.maySend(now, roundTrip)) {
          last = delivery.send(now)
          sent++
          if (sent === packets) break
        }
        expect(sent).toBe(packets === 0 ? allowance : Math.min(packets, allowance))
        if (acknowledged > 0 && last >= 0) delivery.acknowledge(received(last))
      }
    })
    fc.assert(property, { seed: SEED })
  })

  it('never allows more packets in flight than an acknowledgement can cover', () => {
    const { delivery, fates } = make()
    delivery.startTick()
    let sent = 0
    while (sent < 1000 && delivery.maySend(0, 100)) {
      delivery.send(0)
      sent++
    }
    expect(sent).toBeLessThan(ACK_WINDOW)
    expect(fates.lostPackets).toEqual([])
  })
})

describe('delivery, compared with a plain model,', () => {
  /** Whether a packet and its acknowledgement arrive, and how late. */
  const packet = fc.record({
    arrives: fc.boolean(),
    late: fc.integer({ min: 0, max: 6 }),
    ackArrives: fc.boolean(),
    wait: fc.integer({ min: 0, max: 40 }),
  })

  it('reports each packet once, and as acknowledged only if it arrived', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 700 }),
        fc.array(packet, { minLength: 1, maxLength: 600 }),
        (skip, packets) => {
          const { delivery, fates } = make()
          const window = new ReceiveWindow()
          let now = 0
          // Settled packets advance the sequence numbers, so that some runs wrap around.
          const shift = skip * 100
          for (let i = 0; i < shift; i++) {
            const sequence = delivery.send(now)
            window.mark(sequence, true)
            if (i % 8 === 7 || i === shift - 1) delivery.acknowledge(ackOf(window))
          }
          expect(delivery.unacknowledged).toBe(0)
          const before = fates.acknowledgedPackets.length
          expect(before).toBe(shift)
          const arrivals: { sequence: number; due: number }[] = []
          const arrived = new Set<number>()
          const sent: number[] = []
          let refused = 0
          packets.forEach(({ arrives, late, ackArrives, wait }, i) => {
            now += wait
            const sequence = delivery.send(now)
            sent.push(sequence)
            if (arrives) arrivals.push({ sequence, due: i + late })
            for (const arrival of arrivals.filter(({ due }) => due <= i)) {
              arrivals.splice(arrivals.indexOf(arrival), 1)
              if (!window.isNew(arrival.sequence)) continue
              window.mark(arrival.sequence, true)
              arrived.add(arrival.sequence)
            }
            const acknowledges = ackArrives && !window.empty && arrived.size > 0
            if (acknowledges && !delivery.acknowledge(ackOf(window))) refused++
            delivery.expire(now, 300)
          })
          delivery.expire(now + 1000, 300)
          expect(refused).toBe(0)
          const acknowledged = fates.acknowledgedPackets.slice(before)
          const fatesOf = [...acknowledged, ...fates.lostPackets]
          expect(fatesOf.toSorted((a, b) => a - b)).toEqual(sent.toSorted((a, b) => a - b))
          for (const sequence of acknowledged) expect(arrived.has(sequence)).toBe(true)
          expect(delivery.unacknowledged).toBeGreaterThanOrEqual(0)
          expect(delivery.unacknowledged).toBeLessThanOrEqual(ACK_WINDOW)
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })
})
