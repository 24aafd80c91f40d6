// Writes and reads the sections of scenes: changes that the server orders, and the reports of a client.
import type { ByteReader, ByteWriter } from '../protocol/bytes.js'
import { SectionKind } from '../protocol/packet.js'

/** The action of a change. */
export const SceneAction = {
  /** Ends every scene and begins this one. */
  Replace: 0,
  /** Adds this one. */
  Load: 1,
  /** Ends this one. */
  Unload: 2,
} as const
export type SceneAction = (typeof SceneAction)[keyof typeof SceneAction]

/** A client's report. Values from 0 to 100 are percent. */
export const SceneReport = { Failed: 254, Loaded: 255 } as const
const FULL = 100

export function writeScene(
  writer: ByteWriter,
  change: number,
  action: SceneAction,
  scene: number,
  args: Uint8Array,
): void {
  writer.u8(SectionKind.Scene)
  writer.varint(change)
  writer.u8(action)
  writer.varint(scene)
  writer.varint(args.length)
  writer.copy(args, 0, args.length)
}

/** A change as read; reused. Its arguments are the bytes from `start` to `end`. */
export class SceneSection {
  change = 0
  action: SceneAction = SceneAction.Replace
  scene = 0
  start = 0
  end = 0

  /** Reads a section whose kind byte has been read. Leaves the reader after it. */
  read(reader: ByteReader): void {
    this.change = reader.varint()
    const action = reader.u8()
    if (action > SceneAction.Unload || this.change === 0) reader.fail()
    else this.action = action as SceneAction
    this.scene = reader.varint()
    const length = reader.varint()
    this.start = reader.offset
    reader.skip(length)
    this.end = reader.offset
  }
}

export function writeSceneReport(writer: ByteWriter, change: number, report: number): void {
  writer.u8(SectionKind.SceneProgress)
  writer.varint(change)
  writer.u8(report)
}

/** A report as read; reused. */
export class SceneReportSection {
  change = 0
  report = 0

  /** Reads a section whose kind byte has been read. */
  read(reader: ByteReader): void {
    this.change = reader.varint()
    this.report = reader.u8()
    if (this.report > FULL && this.report < SceneReport.Failed) reader.fail()
  }
}
