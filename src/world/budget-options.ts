// What `listen` may say of budgets: checked, and taken over.
import { DEFAULT_BYTES_PER_SECOND, DEFAULT_SPAWN_BYTES_PER_TICK } from '../replication/send-budget.js'
import type { ServerReplication } from '../replication/server-replication.js'
import { checkInteger, checkNumber } from './check-options.js'
import type { ServeOptions } from './serve-options.js'

const LEAST_BYTES_PER_SECOND = 1000
const MOST_BYTES_PER_SECOND = 1_000_000_000
const LEAST_SPAWN_BYTES = 256

/** @throws UsageError when `bytesPerSecond` is given and out of range. */
export function checkBytesPerSecond(name: string, bytesPerSecond: number | undefined): void {
  checkNumber(name, bytesPerSecond, LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND, 'bytes per second')
}

/** @throws UsageError when an option is out of range. */
export function checkBudgets({ maxBytesPerSecond, spawnBytesPerTick }: ServeOptions): void {
  checkBytesPerSecond('maxBytesPerSecond', maxBytesPerSecond)
  checkInteger('spawnBytesPerTick', spawnBytesPerTick, LEAST_SPAWN_BYTES, MOST_BYTES_PER_SECOND)
}

/**
 * Takes over what is said of budgets.
 *
 * @throws UsageError when an option is out of range.
 */
export function useBudgets(replication: ServerReplication, options: ServeOptions): void {
  checkBudgets(options)
  replication.bytesPerSecond = options.maxBytesPerSecond ?? DEFAULT_BYTES_PER_SECOND
  replication.admission.bytesPerTick = options.spawnBytesPerTick ?? DEFAULT_SPAWN_BYTES_PER_TICK
}
