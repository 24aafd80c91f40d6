// Declares the requests that each process answers. Types only, so that the asking side loads none of the code.
import type { Numbers } from './samples.js'

/** What a server measured while it sent in every tick. */
export interface Served {
  readonly ticks: number
  /** Ticks that did not run, for want of time. */
  readonly missed: number
  /** Milliseconds of a tick's work on the thread of the game. */
  readonly tickMs: Numbers
  /** Microseconds of the whole process, for each client and tick. */
  readonly cpuMicros: number
  /** Bytes and packets for each client and tick. */
  readonly bytes: number
  readonly packets: number
}

/** A world for clients to see. */
export interface WorldConfig {
  readonly entities: number
  /** Interest by a grid, of which each client sees a neighbourhood; else everyone sees everything. */
  readonly grid: boolean
}

export interface Window {
  readonly milliseconds: number
}

/** A server of any kind. */
export interface ServerTasks {
  start(config: WorldConfig): Promise<{ port: number }>
  /** Clients that have everything. */
  ready(args: Record<string, never>): number
  /** Bytes of memory that are in use. */
  memory(args: Record<string, never>): number
  serve(window: Window): Promise<Served>
}

/** Clients of any kind. */
export interface ClientTasks {
  /** Connects, and resolves with the milliseconds it took when all are in. */
  connect(args: { port: number; count: number }): Promise<number>
  /** Milliseconds from the server's tick to the client, since it was last asked. */
  latencies(args: Record<string, never>): number[]
}

export interface OurServerTasks extends ServerTasks {
  /** Microseconds for each client: of the library's sending, and of sending the same packets bare. */
  compareSending(args: { rounds: number }): Promise<{ ours: number[]; bare: number[]; bytes: number }>
  /** Calls that were drained within some time, and how long its ticks took. */
  countCalls(window: Window): Promise<{ perSecond: number; tickMs: Numbers }>
}

export interface OurClientTasks extends ClientTasks {
  /** Sends commands now and then, and resolves with the milliseconds until each observer here had the answer. */
  command(window: Window): Promise<number[]>
  /** Sends as many messages in every tick. */
  flood(args: { milliseconds: number; perTick: number }): Promise<number>
}

export interface Roles {
  'our-server': OurServerTasks
  'our-clients': OurClientTasks
  'bare-server': ServerTasks
  'bare-clients': ClientTasks
  'ws-server': ServerTasks
  'ws-clients': ClientTasks
}
