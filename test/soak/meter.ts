// Measures a process at one moment: heap, memory, file descriptors, threads, and what its networks hold.
import { readdirSync, readFileSync } from 'node:fs'
import { Channel } from '../../src/transport/transport.js'
import type { ClientState } from '../../src/world/client/client-state.js'
import type { ServerState } from '../../src/world/server/server-state.js'
import { countItems, storesOf } from './items.js'

/** The numbers of a process. Those that this system does not tell are 0. */
export interface Sample {
  /** Bytes of the heap that are in use, after a collection. */
  readonly heap: number
  /** Bytes of memory, the native library's included. */
  readonly rss: number
  readonly fds: number
  readonly threads: number
  /** Entries of every array, map and set, and objects, that the library's roles hold on to. */
  readonly items: number
  /** Bytes that wait for a network, or for the other side's word that they arrived. */
  readonly queued: number
}

export const METRICS = ['heap', 'rss', 'fds', 'threads', 'items', 'queued'] as const
export type Metric = (typeof METRICS)[number]

/** Measures this process. Needs `--expose-gc`. */
export function measure(roles: readonly (ServerState | ClientState)[]): Sample {
  // What has a finalizer, as every native object has, goes with the collection after the next.
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const { heapUsed, rss } = process.memoryUsage()
  let items = 0
  let queued = 0
  for (const role of roles) {
    items += countItems(role, storesOf(role.protocol)).total
    queued += queuedBytes(role)
  }
  return { heap: heapUsed, rss, fds: countDescriptors(), threads: countThreads(), items, queued }
}

function queuedBytes(role: ServerState | ClientState): number {
  const sessions = 'peers' in role ? role.peers.map(({ session }) => session) : [role.session?.session]
  let bytes = 0
  for (const session of sessions) {
    if (session === undefined) continue
    const { transport, peer, resumable } = session
    bytes += transport.buffered(peer, Channel.Reliable) + transport.buffered(peer, Channel.Unreliable)
    bytes += resumable?.sent.size ?? 0
  }
  return bytes
}

function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

function countThreads(): number {
  try {
    return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
