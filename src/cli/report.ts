// Logs the events of a running game: connections, errors of systems, and network errors.
import { Connected, Connection } from '../../components/connection.js'
import { drain, NetworkErrors, transitions } from '../verbs/drain.js'
import { checkSynchronous } from '../world/async-systems.js'
import type { System } from '../world/loop.js'
import { sessionOf } from '../world/server/connections.js'
import { networkOf, type NetworkWorld, serverState, type ServerWorld } from '../world/state.js'
import { addressOf } from '../transport/addresses.js'
import type { Log, LogThrottle } from './log.js'
import { textOf } from './user-error.js'

/** The name of a system in the log. */
export function systemName(system: System<never>, index: number): string {
  return system.name === '' ? `systems[${index}]` : system.name
}

/**
 * Wraps systems so that an error of one is logged with its name, and the others still run. `threw` is called for each.
 */
export function guardSystems<W extends NetworkWorld>(
  systems: readonly System<W>[],
  log: Log,
  throttle: LogThrottle,
  threw: (system: string) => void = () => {},
): System<W>[] {
  return systems.map((system, index) => {
    const name = systemName(system, index)
    const report = (error: unknown): void => {
      threw(name)
      reportThrow(name, error, log, throttle)
    }
    return (world) => {
      try {
        checkSynchronous(system, name, system(world), report)
      } catch (error) {
        report(error)
      }
    }
  })
}

/** Logs an error of a system. */
export function reportThrow(name: string, error: unknown, log: Log, throttle: LogThrottle): void {
  const suppressed = throttle.admit(`system ${name}`)
  if (suppressed === undefined) return
  log.error({ system: name, ...counted(suppressed), err: asError(error) }, `the system ${name} threw`)
}

/** Lines about connects, and about disconnects, in five seconds: more than a full server has, fewer than a flood. */
const COMING_AND_GOING = 200
/** The longest text of a leaving client that is logged, since a client may send anything. */
const LONGEST_GOODBYE = 100

/**
 * Makes a system that logs the clients that connected and disconnected in this tick. It runs before the game's
 * systems, so that causes are logged first.
 */
export function createConnectionReport(log: Log, throttle: LogThrottle): System<ServerWorld> {
  const addresses = new Map<number, string>()
  return function reportConnections(world) {
    for (const { kind, entity } of drain(world, transitions(Connected))) {
      const connection = Connection.id[entity]!
      if (kind === 'added') {
        const address = whereIs(world, entity)
        if (address !== undefined) addresses.set(connection, address)
        const suppressed = throttle.admit('connected', COMING_AND_GOING)
        if (suppressed === undefined) continue
        log.info({ connection, address, ...counted(suppressed) }, `client ${connection} connected`)
        continue
      }
      const address = addresses.get(connection)
      addresses.delete(connection)
      const suppressed = throttle.admit('left', COMING_AND_GOING)
      if (suppressed === undefined) continue
      const { code, by, text = 'no reason known' } = Connection.reason[entity] ?? {}
      const said = text.slice(0, LONGEST_GOODBYE)
      log.info({ connection, address, code, by, ...counted(suppressed) }, `client ${connection} left: ${said}`)
    }
  }
}

/** The address that a client's signalling came from. */
function whereIs(world: ServerWorld, entity: number): string | undefined {
  const session = serverState(world).peerOfConnection.get(entity)?.session
  return session && addressOf(session.transport, session.peer)
}

/** Makes a system that logs the network errors that the game itself did not drain. */
export function createErrorReport(log: Log, throttle: LogThrottle): System<NetworkWorld> {
  return function reportErrors(world) {
    for (const { code, message, connection: eid, entity, name, cause, address } of drain(world, NetworkErrors)) {
      const suppressed = throttle.admit(`error ${code} ${name}`)
      if (suppressed === undefined) continue
      const connection = eid === 0 ? undefined : Connection.id[eid]
      const server = networkOf(world)?.server
      const session = eid === 0 || server === undefined ? undefined : sessionOf(server, eid)
      const details = {
        code,
        connection,
        user: session?.userKey || undefined,
        entity: entity || undefined,
        about: name || undefined,
        address: address ?? (session && addressOf(session.transport, session.peer)),
        ...counted(suppressed),
      }
      log.warn(cause === undefined ? details : { ...details, err: asError(cause) }, message)
    }
  }
}

/** A field with the number of lines that were left out, if any. */
export function counted(suppressed: number): { suppressed?: number } {
  return suppressed === 0 ? {} : { suppressed }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown))
}
