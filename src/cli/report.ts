// What the log tells of a running game: who comes and goes, what throws, what went wrong on the network.
import { Connected, Connection } from '../../components/connection.js'
import { added, drain, NetworkErrors, removed } from '../world/drain.js'
import type { System } from '../world/loop.js'
import type { NetworkWorld, ServerWorld } from '../world/state.js'
import type { Log, LogThrottle } from './log.js'

/** The name that a system is known by in the log. */
export function systemName(system: System<never>, index: number): string {
  return system.name === '' ? `systems[${index}]` : system.name
}

/** Wraps systems so that one that throws is logged by its name, and the others still run. */
export function guardSystems<W extends NetworkWorld>(
  systems: readonly System<W>[],
  log: Log,
  throttle: LogThrottle,
): System<W>[] {
  return systems.map((system, index) => {
    const name = systemName(system, index)
    return (world) => {
      try {
        system(world)
      } catch (error) {
        reportThrow(name, error, log, throttle)
      }
    }
  })
}

/** Logs what a system threw. */
export function reportThrow(name: string, error: unknown, log: Log, throttle: LogThrottle): void {
  const suppressed = throttle.admit(`system ${name}`)
  if (suppressed === undefined) return
  log.error({ system: name, ...counted(suppressed), err: asError(error) }, `the system ${name} threw`)
}

/** A system that logs the clients that came and went in this tick. It runs before the game's, so that causes come first. */
export function createConnectionReport(log: Log): System<ServerWorld> {
  return function reportConnections(world) {
    for (const { entity } of drain(world, added(Connected))) {
      const connection = Connection.id[entity]
      log.info({ connection }, `client ${connection} connected`)
    }
    for (const { entity } of drain(world, removed(Connected))) {
      const connection = Connection.id[entity]
      const reason = Connection.reason[entity]
      const { code, by } = reason ?? {}
      log.info({ connection, code, by }, `client ${connection} left: ${reason?.text ?? 'no reason known'}`)
    }
  }
}

/** A system that logs the network errors that the game itself did not drain. */
export function createErrorReport(log: Log, throttle: LogThrottle): System<NetworkWorld> {
  return function reportErrors(world) {
    for (const { code, message, connection: eid, entity, name, cause } of drain(world, NetworkErrors)) {
      const suppressed = throttle.admit(`error ${code} ${name}`)
      if (suppressed === undefined) continue
      const connection = eid === 0 ? undefined : Connection.id[eid]
      const details = {
        code,
        connection,
        entity: entity || undefined,
        about: name || undefined,
        ...counted(suppressed),
      }
      log.warn(cause === undefined ? details : { ...details, err: asError(cause) }, message)
    }
  }
}

/** Says how many lines were left out, if any were. */
export function counted(suppressed: number): { suppressed?: number } {
  return suppressed === 0 ? {} : { suppressed }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
