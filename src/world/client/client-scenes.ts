// The client's part of scenes: it loads what the server says, and until then reads nothing behind that.
import type { PacketQueue } from '../../connection/client/packet-queue.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { PacketBuilder } from '../../connection/session.js'
import { ByteReader } from '../../protocol/bytes.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { PacketKind } from '../../protocol/packet-kind.js'
import { DataHeader, SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { RecordView } from '../../protocol/types/record.js'
import { SceneAction, SceneReport, SceneSection, writeSceneReport } from '../../remote/scene-section.js'
import { type LoadedScene, SceneEventQueue } from '../scene-events.js'
import { SceneRunner } from '../scene-runner.js'

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL = 100
/** The most bytes of a report: kind, change, report. */
const REPORT_BYTES = 7

/** What scenes need of the client's role. */
export interface ClientScenesContext {
  readonly protocol: Protocol
  readonly errors: ErrorLog
  readonly entities: EntityMapper
  /** The client's own entities that stand for the server's. */
  readonly replication: { readonly locals: { forgetEnded(): void } }
  /** Whether the session is open. */
  readonly isOpen: boolean
  /** Shows that it loads: without `Ready` when all its scenes end, and with `Loading`. */
  showLoading(replaces: boolean): void
  showProgress(fraction: number): void
  /** Shows that it has loaded. */
  showLoaded(): void
}

export class ClientScenes {
  readonly events = new SceneEventQueue()
  readonly runner: SceneRunner
  /** A change is under way: what the server sends reliably waits. */
  isLoading = false
  /** All scenes end, so this client takes no part until it has loaded. */
  isReplacing = false
  /** The scenes that the server said this client has. */
  private told: LoadedScene[] = []
  /** The newest change that was taken. */
  private newest = 0
  /** What is to be reported, or -1, and of which change. */
  private report = -1
  private reportOf = 0
  private hasFailed = false
  private lastPercent = 0
  private lastReportAt = -Infinity
  /** How many of the packets that wait were searched for changes. */
  private searched = 0
  private readonly section = new SceneSection()
  private readonly args = new ByteReader()
  private readonly packet = new ByteReader()
  private readonly header = new DataHeader()
  private readonly views: RecordView[]

  constructor(private readonly role: ClientScenesContext) {
    this.runner = new SceneRunner('client', this.events, role.errors)
    this.args.entities = role.entities
    this.views = role.protocol.sceneList.map(({ codec }) => codec.createView())
  }

  /** The scenes of this client, those that load included. */
  get ofClient(): readonly LoadedScene[] {
    return this.told
  }

  /** Checks a section whose kind has been read. */
  check(reader: ByteReader): void {
    const { section, args } = this
    section.read(reader)
    const scene = this.role.protocol.sceneList[section.scene]
    if (reader.failed) return
    if (scene === undefined) {
      reader.fail()
      return
    }
    args.reset(reader.bytes, section.start, section.end)
    const valid =
      section.action === SceneAction.Unload ? args.left === 0 : scene.codec.validate(args, this.views[section.scene]!)
    if (!valid) reader.fail()
  }

  /** Takes a change that was checked; one that was found while it waited was taken then. */
  take(reader: ByteReader): void {
    const { section, args } = this
    section.read(reader)
    const { change: number, action, scene: id } = section
    if (number <= this.newest || !this.role.isOpen) return
    this.newest = number
    const view = this.views[id]!
    args.reset(reader.bytes, section.start, section.end)
    const { sceneList, sceneNames } = this.role.protocol
    if (action !== SceneAction.Unload) sceneList[id]!.codec.read(args, view)
    const scene: LoadedScene = { scene: sceneList[id]!, name: sceneNames[id]!, args: { ...view.args } }
    const others = action === SceneAction.Replace ? [] : this.told.filter((one) => one.scene !== scene.scene)
    this.told = action === SceneAction.Unload ? others : [...others, scene]
    this.runner.add({ number, action, scene })
    if (!this.isLoading) this.searched = 0
    this.isLoading = true
    if (action === SceneAction.Replace) {
      this.isReplacing = true
      this.role.replication.locals.forgetEnded()
    }
    this.report = -1
    this.hasFailed = false
    this.lastPercent = 0
    this.role.showLoading(action === SceneAction.Replace)
  }

  /**
   * Looks for changes among the packets that wait: a newer one may end the loading that they wait for. A change is always
   * the first section of its packet. `noteAnswers` reads what else is in each.
   */
  search(waiting: PacketQueue, noteAnswers: (reader: ByteReader) => void): void {
    const { packet, header } = this
    for (; this.searched < waiting.count; this.searched++) {
      packet.reset(waiting.bytes, waiting.startOf(this.searched), waiting.endOf(this.searched))
      if (packet.u8() !== PacketKind.Data) continue
      header.read(packet)
      const start = packet.offset
      if (packet.u8() !== SectionKind.Scene) packet.offset = start
      else {
        this.check(packet)
        if (packet.failed) continue
        packet.offset = start + 1
        this.take(packet)
      }
      noteAnswers(packet)
    }
  }

  /** Once per frame: goes on loading. */
  advance(): void {
    this.runner.advance()
    if (!this.isLoading) return
    if (this.runner.failed) {
      // The server ends the session for it; until then nothing may pretend that the scene is there.
      if (!this.hasFailed) this.queueReport(SceneReport.Failed)
      this.hasFailed = true
    } else if (!this.runner.busy) {
      this.queueReport(SceneReport.Loaded)
      this.isLoading = false
      this.isReplacing = false
      this.role.showProgress(1)
      this.role.showLoaded()
    } else this.role.showProgress(this.runner.progress)
  }

  /** Writes what the server should know. */
  write(packet: PacketBuilder, now: number): void {
    if (this.report < 0) this.queueProgress(now)
    if (this.report < 0) return
    packet.fit(REPORT_BYTES)
    writeSceneReport(packet.writer, this.reportOf, this.report)
    this.report = -1
  }

  /** The session has ended: what loads is stopped, and what was loaded is unloaded. */
  end(): void {
    this.isLoading = false
    this.isReplacing = false
    this.told = []
    this.newest = 0
    this.report = -1
    this.runner.clear()
  }

  private queueReport(report: number): void {
    this.report = report
    this.reportOf = this.newest
  }

  private queueProgress(now: number): void {
    if (!this.isLoading || this.runner.failed) return
    const percent = Math.floor(this.runner.progress * 100)
    if (percent === this.lastPercent || now - this.lastReportAt < REPORT_INTERVAL) return
    this.lastPercent = percent
    this.lastReportAt = now
    this.queueReport(percent)
  }
}
