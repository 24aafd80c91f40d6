// Keeps the scenes of a client: those that the server told it to have, and the change that is under way.
import type { ErrorLog } from '../../connection/error-log.js'
import { ByteReader } from '../../protocol/bytes.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { DataHeader } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { RecordView } from '../../protocol/types/record.js'
import { SceneSection } from '../../remote/scene-section.js'
import { type LoadedScene, SceneEventQueue } from '../scene-events.js'
import { SceneRunner } from '../scene-runner.js'

export interface ClientScenes {
  readonly events: SceneEventQueue
  readonly runner: SceneRunner
  /** Whether a change is under way: until it ends, reliable packets wait. */
  isLoading: boolean
  /** Whether that change replaces every scene, so that the client is not Ready until it ends. */
  isReplacing: boolean
  /** The scenes that the server told this client to have, those that are being loaded included. */
  current: LoadedScene[]
  /** Number of the newest change that was accepted. */
  newestChange: number
  /** How many of the packets that wait were searched for changes. */
  searched: number

  /** The report that the next packet carries, or -1, and the change that it is about. */
  report: number
  reportedChange: number
  /** Whether the loader failed, and the server is being told. */
  hasFailed: boolean
  /** The progress that was last reported, and when. */
  lastPercent: number
  lastReportAt: number

  /** Scratch: the change that is being read, its arguments, and a packet that waits. */
  readonly section: SceneSection
  readonly args: ByteReader
  readonly packet: ByteReader
  readonly header: DataHeader
  /** By scene: receives its arguments. */
  readonly views: readonly RecordView[]
}

export function createClientScenes(protocol: Protocol, errors: ErrorLog, entities: EntityMapper): ClientScenes {
  const events = new SceneEventQueue()
  const args = new ByteReader()
  args.entities = entities
  return {
    events,
    runner: new SceneRunner('client', events, errors),
    isLoading: false,
    isReplacing: false,
    current: [],
    newestChange: 0,
    searched: 0,
    report: -1,
    reportedChange: 0,
    hasFailed: false,
    lastPercent: 0,
    lastReportAt: -Infinity,
    section: new SceneSection(),
    args,
    packet: new ByteReader(),
    header: new DataHeader(),
    views: protocol.sceneList.map(({ codec }) => codec.createView()),
  }
}
