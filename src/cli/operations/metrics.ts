// Collects metrics for Prometheus: the statistics of a world, the time of its ticks, and the state of the process.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { NetworkStats } from '../../verbs/stats.js'
import { CountedEvents } from './counted-events.js'
import type { Health } from './health.js'
import { setTotal } from './set-total.js'

/** Upper bounds of the time of a tick, in seconds: from that of an idle world to far too long. */
const TICK_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1]

export class Metrics {
  private readonly registry = new Registry()
  private readonly tickDuration: Histogram
  private readonly overruns: Counter
  private readonly skippedTicks: Counter
  private readonly systemErrors: Counter<'system'>
  private readonly certificateExpiry: Gauge
  private readonly network: NetworkMetrics
  private stats: (() => NetworkStats) | undefined

  constructor(
    version: string,
    private readonly health: Health,
  ) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    new Gauge({ name: 'bitecs_net_build_info', help: 'The version of bitecs-net.', labelNames: ['version'], registers })
      .labels(version)
      .set(1)
    this.tickDuration = new Histogram({
      name: 'bitecs_net_tick_duration_seconds',
      help: 'Duration of a tick, from receiving to sending.',
      buckets: TICK_BUCKETS,
      registers,
    })
    this.overruns = new Counter({
      name: 'bitecs_net_overruns_total',
      help: 'Times that ticks were skipped because the machine was too slow.',
      registers,
    })
    this.skippedTicks = new Counter({
      name: 'bitecs_net_skipped_ticks_total',
      help: 'Skipped ticks.',
      registers,
    })
    this.systemErrors = new Counter({
      name: 'bitecs_net_system_errors_total',
      help: 'Exceptions thrown by systems.',
      labelNames: ['system'],
      registers,
    })
    this.certificateExpiry = new Gauge({
      name: 'bitecs_net_tls_certificate_expiry_timestamp_seconds',
      help: 'Expiry of the TLS certificate, in seconds since 1970; 0 without TLS.',
      registers,
    })
    this.network = new NetworkMetrics(this.registry)
  }

  get contentType(): string {
    return this.registry.contentType
  }

  /** Starts to report on a world; `stats` is called at each scrape. `tickRate`: ticks per second. */
  watch(stats: () => NetworkStats, tickRate: number): void {
    this.stats = stats
    this.network.tickInterval.set(1 / tickRate)
  }

  ticked(milliseconds: number): void {
    this.tickDuration.observe(milliseconds / 1000)
  }

  overran(skipped: number): void {
    this.overruns.inc()
    this.skippedTicks.inc(skipped)
  }

  threw(system: string): void {
    this.systemErrors.inc({ system })
  }

  certificateEnds(at: Date): void {
    this.certificateExpiry.set(at.getTime() / 1000)
  }

  /** All metrics, in the text format of Prometheus. */
  text(): Promise<string> {
    if (this.stats !== undefined)
      this.network.update(this.stats(), this.health.phase === 'draining' || this.health.phase === 'stopping')
    return this.registry.metrics()
  }
}

/** The statistics of a world as metrics. The world counts them, so nothing has to be done between two scrapes. */
class NetworkMetrics {
  readonly tickInterval: Gauge
  private readonly connections: Gauge<'state'>
  private readonly limit: Gauge
  private readonly draining: Gauge
  private readonly entities: Gauge
  private readonly ticks: Counter
  private readonly packets: Counter<'direction' | 'channel'>
  private readonly bytes: Counter<'direction' | 'channel'>
  private readonly roundTrip: Gauge<'statistic'>
  private readonly events: CountedEvents
  private readonly errors: Counter<'code'>
  private readonly disconnects: Counter<'code'>
  private readonly lostReports: Counter
  private readonly queueLength: Gauge<'queue'>
  private readonly queueBytes: Gauge<'queue'>

  constructor(registry: Registry) {
    const registers = [registry]
    const gauge = <T extends string = string>(name: string, help: string, ...labelNames: T[]): Gauge<T> =>
      new Gauge<T>({ name: `bitecs_net_${name}`, help, labelNames, registers })
    const counter = <T extends string = string>(name: string, help: string, ...labelNames: T[]): Counter<T> =>
      new Counter<T>({ name: `bitecs_net_${name}_total`, help, labelNames, registers })
    this.connections = gauge('connections', 'Connections, by what they do.', 'state')
    this.limit = gauge('connections_limit', 'The most connections at once.')
    this.draining = gauge('draining', '1 while the server admits no new clients because it is about to close.')
    this.entities = gauge('entities', 'Networked entities.')
    this.tickInterval = gauge('tick_interval_seconds', 'The time that a tick has.')
    this.ticks = counter('ticks', 'Ticks that ran.')
    this.packets = counter('packets', 'Packets, by direction and channel.', 'direction', 'channel')
    this.bytes = counter('bytes', 'Bytes of packets, by direction and channel.', 'direction', 'channel')
    this.roundTrip = gauge(
      'round_trip_seconds',
      'Round trips of the open connections: median, 95th percentile, longest.',
      'statistic',
    )
    this.events = new CountedEvents(registry)
    this.errors = counter('errors', 'Entries of the error queue, by code.', 'code')
    this.disconnects = counter('disconnects', 'Connections that ended, by the code of their reason.', 'code')
    this.lostReports = counter(
      'lost_reports',
      'Errors and events that were dropped because nothing drained them in time.',
    )
    this.queueLength = gauge('queue_length', 'Queued items, by queue.', 'queue')
    this.queueBytes = gauge('queue_bytes', 'Bytes queued for the network, by channel.', 'queue')
  }

  update(stats: NetworkStats, isDraining: boolean): void {
    this.draining.set(isDraining ? 1 : 0)
    this.entities.set(stats.entities)
    this.limit.set(stats.maxConnections)
    for (const [state, count] of Object.entries(stats.states)) this.connections.set({ state }, count)
    setTotal(this.ticks, {}, stats.ticks)
    setTotal(this.lostReports, {}, stats.lostReports)
    this.updateTraffic(stats.transport)
    const { median, p95, longest } = stats.roundTrip
    for (const [statistic, value] of Object.entries({ median, p95, max: longest })) {
      this.roundTrip.set({ statistic }, value / 1000)
    }
    this.events.update(stats)
    for (const [code, count] of Object.entries(stats.errors)) setTotal(this.errors, { code }, count)
    for (const [code, count] of Object.entries(stats.closed)) setTotal(this.disconnects, { code }, count)
    const { reliableBytes, unreliableBytes, ...lengths } = stats.queues
    this.queueBytes.set({ queue: 'reliable' }, reliableBytes)
    this.queueBytes.set({ queue: 'unreliable' }, unreliableBytes)
    for (const [queue, length] of Object.entries(lengths)) this.queueLength.set({ queue: snakeCase(queue) }, length)
  }

  private updateTraffic(transport: NetworkStats['transport']): void {
    const sent = { direction: 'sent', channel: 'reliable' }
    const received = { direction: 'received', channel: 'reliable' }
    setTotal(this.packets, sent, transport.reliablePacketsSent)
    setTotal(this.packets, received, transport.reliablePacketsReceived)
    setTotal(this.bytes, sent, transport.reliableBytesSent)
    setTotal(this.bytes, received, transport.reliableBytesReceived)
    const rest = { channel: 'unreliable' }
    setTotal(this.packets, { ...sent, ...rest }, transport.packetsSent - transport.reliablePacketsSent)
    setTotal(this.packets, { ...received, ...rest }, transport.packetsReceived - transport.reliablePacketsReceived)
    setTotal(this.bytes, { ...sent, ...rest }, transport.bytesSent - transport.reliableBytesSent)
    setTotal(this.bytes, { ...received, ...rest }, transport.bytesReceived - transport.reliableBytesReceived)
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
