// Checks, writes and reads the answers of commands and target RPCs: a record of values, or a refusal with a reason.
import { type ByteReader, type ByteWriter, utf8Length } from './bytes.js'
import { ArgumentError, ProtocolError } from './errors.js'
import { MAX_REASON_TEXT_BYTES, MAX_RELIABLE_PAYLOAD } from './limits.js'
import { RecordCodec, type RecordView } from './types/record.js'
import type { Schema } from './types/schema.js'

/** One byte numbers the reason. */
const MAX_REASONS = 256

/** Checks, writes and reads the answers to one definition. */
export class Answers {
  readonly codec: RecordCodec
  /** The reasons of a refusal, sorted, so that the order of the list does not matter; undefined: any text. */
  readonly reasons: readonly string[] | undefined
  /** Part of the protocol's description. */
  readonly text: string
  private readonly view: RecordView

  /** @throws ProtocolError when the values cannot fit a packet, or the reasons are invalid. */
  constructor(what: string, returns: Schema, refuses: readonly string[] | undefined) {
    this.codec = new RecordCodec(returns, 'value')
    if (this.codec.maxBytes > MAX_RELIABLE_PAYLOAD) {
      throw new ProtocolError(
        'bad-definition',
        `${what}: returns may take ${this.codec.maxBytes} bytes, at most ${MAX_RELIABLE_PAYLOAD} fit a reply`,
      )
    }
    if (refuses !== undefined) requireReasons(what, refuses)
    this.reasons = refuses === undefined ? undefined : [...refuses].sort()
    this.text = `returns ${this.codec.text}${this.reasons === undefined ? '' : ` refuses ${this.reasons.join(',')}`}`
    this.view = this.codec.createView()
  }

  /** @throws ArgumentError when a game's reason is not in the list, or is too long. */
  checkReason(reason: unknown): void {
    const { reasons } = this
    if (typeof reason !== 'string') throw new ArgumentError('reason', `must be a text, got ${String(reason)}`)
    if (reasons !== undefined && !reasons.includes(reason)) {
      throw new ArgumentError('reason', `must be one of ${reasons.join(', ')}, got ${JSON.stringify(reason)}`)
    }
    if (reasons === undefined && utf8Length(reason) > MAX_REASON_TEXT_BYTES) {
      throw new ArgumentError('reason', `is ${utf8Length(reason)} bytes long, at most ${MAX_REASON_TEXT_BYTES} fit`)
    }
  }

  /** Writes a reason that `checkReason` accepted. */
  writeReason(writer: ByteWriter, reason: string): void {
    if (this.reasons === undefined) writer.string(reason, MAX_REASON_TEXT_BYTES)
    else writer.u8(this.reasons.indexOf(reason))
  }

  /** Reads a reason from the rest of the bytes; undefined when it is malformed. */
  readReason(reader: ByteReader): string | undefined {
    const reason = this.reasons === undefined ? reader.string(MAX_REASON_TEXT_BYTES) : this.reasons[reader.u8()]
    return reader.failed || reader.left > 0 ? undefined : reason
  }

  /** Reads a record from the rest of the bytes into a new object; undefined when it is malformed. */
  readValue(reader: ByteReader): Record<string, unknown> | undefined {
    const size = reader.left
    if (size < this.codec.minBytes || size > this.codec.maxBytes) return undefined
    this.codec.read(reader, this.view)
    return reader.failed || reader.left > 0 ? undefined : this.view.copy()
  }
}

function requireReasons(what: string, refuses: readonly string[]): void {
  const fail = (problem: string): never => {
    throw new ProtocolError('bad-definition', `${what}: refuses ${problem}`)
  }
  if (!Array.isArray(refuses)) fail('is a list of texts')
  if (refuses.length === 0 || refuses.length > MAX_REASONS) {
    fail(`lists 1 to ${MAX_REASONS} reasons; leave it out, and any text is one`)
  }
  for (const reason of refuses) {
    if (typeof reason !== 'string' || !/^[\w$.-]{1,64}$/.test(reason)) {
      fail(`lists ${JSON.stringify(reason)}: a reason is 1 to 64 letters, digits, _, $, . or -`)
    }
  }
  if (new Set(refuses).size < refuses.length) fail('lists a reason twice')
}
