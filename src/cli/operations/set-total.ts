// Sets counters of Prometheus to totals that other code counted.
import type { Counter } from 'prom-client'

export function setTotal<T extends string>(
  counter: Counter<T>,
  labels: Partial<Record<T, string>>,
  total: number,
): void {
  counter.remove(labels)
  counter.inc(labels, total)
}
