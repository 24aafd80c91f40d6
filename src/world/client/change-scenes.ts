// Changes a client's scenes as the server orders, and reports the progress.
import { addComponent, removeComponent } from 'bitecs'
import { Connection, Loading, Ready } from '../../../components/connection.js'
import type { PacketBuilder } from '../../connection/session.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { SceneAction, SceneReport, writeSceneReport } from '../../remote/scene-section.js'
import type { LoadedScene } from '../scene-events.js'
import type { ClientScenes } from './client-scenes.js'
import { type ClientState, isOpen } from './client-state.js'

/** Milliseconds between two reports of progress. */
const REPORT_INTERVAL_MS = 100
/** Limit for the bytes of a report: kind, change, report. */
const REPORT_BYTES = 7

/** Checks a section whose kind has been read. */
export function checkScene({ protocol, scenes }: ClientState, reader: ByteReader): void {
  const { section, args, views } = scenes
  section.read(reader)
  const scene = protocol.sceneList[section.scene]
  if (reader.failed) return
  if (scene === undefined) {
    reader.fail()
    return
  }
  args.reset(reader.bytes, section.start, section.end)
  const valid =
    section.action === SceneAction.Unload ? args.left === 0 : scene.codec.validate(args, views[section.scene]!)
  if (!valid) reader.fail()
}

/** Starts a change that was checked. A change already found in a queued packet has started then. */
export function startChange(client: ClientState, reader: ByteReader): void {
  const { scenes, replication } = client
  const { section } = scenes
  section.read(reader)
  const { change: number, action } = section
  if (number <= scenes.newestChange || !isOpen(client)) return
  scenes.newestChange = number
  const scene = readScene(client, reader)
  const others = action === SceneAction.Replace ? [] : scenes.current.filter((one) => one.scene !== scene.scene)
  scenes.current = action === SceneAction.Unload ? others : [...others, scene]
  scenes.runner.add({ number, action, scene })
  if (!scenes.isLoading) scenes.searched = 0
  scenes.isLoading = true
  if (action === SceneAction.Replace) {
    scenes.isReplacing = true
    replication.locals.forgetEnded()
  }
  scenes.report = -1
  scenes.hasFailed = false
  scenes.lastPercent = 0
  showLoading(client, action === SceneAction.Replace)
}

/** Reads the scene of the section that was just read, with its arguments. */
function readScene({ protocol, scenes }: ClientState, reader: ByteReader): LoadedScene {
  const { section, args, views } = scenes
  const { sceneList, sceneNames } = protocol
  const { scene: id, action } = section
  const view = views[id]!
  args.reset(reader.bytes, section.start, section.end)
  if (action !== SceneAction.Unload) sceneList[id]!.codec.read(args, view)
  return { scene: sceneList[id]!, name: sceneNames[id]!, args: { ...view.args } }
}

/** Continues the change in progress. Runs once per frame. */
export function advanceScenes(client: ClientState): void {
  const { scenes } = client
  const { runner } = scenes
  runner.advance()
  if (!scenes.isLoading) return
  if (runner.failed) {
    // The server closes the connection after a failure. Until then the client is still loading.
    if (!scenes.hasFailed) queueReport(scenes, SceneReport.Failed)
    scenes.hasFailed = true
  } else if (!runner.busy) {
    queueReport(scenes, SceneReport.Loaded)
    scenes.isLoading = false
    scenes.isReplacing = false
    showProgress(client, 1)
    showLoaded(client)
  } else showProgress(client, runner.progress)
}

/** Writes the report that is due, if any. */
export function writeReport({ scenes }: ClientState, packet: PacketBuilder, now: number): void {
  if (scenes.report < 0) queueProgress(scenes, now)
  if (scenes.report < 0) return
  packet.fit(REPORT_BYTES)
  writeSceneReport(packet.writer, scenes.reportedChange, scenes.report)
  scenes.report = -1
}

/** The session has ended: aborts the current load and unloads the rest. */
export function endScenes({ scenes }: ClientState): void {
  scenes.isLoading = false
  scenes.isReplacing = false
  scenes.current = []
  scenes.newestChange = 0
  scenes.report = -1
  scenes.runner.clear()
}

function queueReport(scenes: ClientScenes, report: number): void {
  scenes.report = report
  scenes.reportedChange = scenes.newestChange
}

function queueProgress(scenes: ClientScenes, now: number): void {
  if (!scenes.isLoading || scenes.runner.failed) return
  const percent = Math.floor(scenes.runner.progress * 100)
  if (percent === scenes.lastPercent || now - scenes.lastReportAt < REPORT_INTERVAL_MS) return
  scenes.lastPercent = percent
  scenes.lastReportAt = now
  queueReport(scenes, percent)
}

// In a host's world the server shows all of this, from the reports of its own client.

function showLoading({ world, connection, isLocal }: ClientState, replaces: boolean): void {
  if (isLocal) return
  Connection.progress[connection] = 0
  if (replaces) removeComponent(world, connection, Ready)
  addComponent(world, connection, Loading)
}

function showProgress({ connection, isLocal }: ClientState, fraction: number): void {
  if (!isLocal) Connection.progress[connection] = fraction
}

function showLoaded(client: ClientState): void {
  const { world, connection, isLocal } = client
  if (isLocal) return
  removeComponent(world, connection, Loading)
  if (client.isReady) addComponent(world, connection, Ready)
}
