// Defines the delay, loss and disorder that the conditioner adds.
import { checkBoolean, checkNumber, checkObject } from '../protocol/check-options.js'

/** What a network does to packets, in one direction. */
export interface Conditions {
  /** One way, in milliseconds. */
  latency: number
  /**
   * The most extra delay, evenly distributed, in milliseconds. It keeps the order, as the queues of real networks do.
   */
  jitter: number
  /**
   * The share of packets that is lost, 0 to 1. A lost reliable packet arrives later, and delays all packets after it.
   */
  loss: number
  /** The share of unreliable packets that arrives twice, 0 to 1. */
  duplicate: number
  /** The share of unreliable packets that is overtaken by later ones, 0 to 1. */
  reorder: number
  /** How much later those arrive, in milliseconds. */
  reorderBy: number
  /** Bytes per second to one peer; 0 for no limit. */
  rate: number
  /** Bytes that may wait for `rate`; an unreliable packet beyond that is lost. */
  queue: number
  /** Whether the network is down. Reliable packets wait until it is up again. */
  down: boolean
}

/** A network without delay or loss. */
export const PERFECT: Conditions = {
  latency: 0,
  jitter: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderBy: 20,
  rate: 0,
  queue: 65_536,
  down: false,
}

const HOUR_MS = 3_600_000
const MAX_BYTES = 1e12

/**
 * Changes those conditions that are given.
 *
 * @throws UsageError when one is unknown or out of range; nothing has changed then.
 */
export function changeConditions(conditions: Conditions, changes: Partial<Conditions>): void {
  checkObject('the conditions', changes, Object.keys(PERFECT))
  for (const name of ['latency', 'jitter', 'reorderBy'] as const) {
    checkNumber(name, changes[name], 0, HOUR_MS, 'milliseconds')
  }
  for (const name of ['loss', 'duplicate', 'reorder'] as const) checkNumber(name, changes[name], 0, 1)
  checkNumber('rate', changes.rate, 0, MAX_BYTES, 'bytes per second')
  checkNumber('queue', changes.queue, 0, MAX_BYTES, 'bytes')
  checkBoolean('down', changes.down)
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) Object.assign(conditions, { [name]: value })
  }
}
