// Keeps a client's scenes: those that the server ordered, and the change in progress.
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
  /** Whether a change is in progress. Until it ends, reliable packets wait. */
  isLoading: boolean
  /** Whether that change replaces every scene, so that the client is not Ready until it ends. */
  isReplacing: boolean
  /** The scenes that the server ordered, including those that are being loaded. */
  current: LoadedScene[]
  /** Number of the newest change that was accepted. */
  newestChange: number
  /** How many of the queued packets were searched for changes. */
  searched: number

  /** The report that the next packet carries, or -1, and the number of its change. */
  report: number
  reportedChange: number
  /** Whether the loader failed, and the server is being notified. */
  hasFailed: boolean
  /** The progress that was reported last, and when. */
  lastPercent: number
  lastReportAt: number

  /** Scratch: the change that is being read, its arguments, and a queued packet. */
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
