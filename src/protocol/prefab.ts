// Declares prefabs, the kinds of entities that both sides know by name, and writes the origin of a spawn.
import type { ByteReader, ByteWriter } from './bytes.js'
import { ProtocolError } from './errors.js'
import { MAX_PREFAB_PAYLOAD, MAX_SPAWN_KEY_BYTES } from './limits.js'
import { RecordCodec } from './types/record.js'
import type { Schema } from './types/schema.js'

const NO_PAYLOAD = {}

/** A kind of entity, made by {@link definePrefab}. */
export interface Prefab<S extends Schema = Schema> {
  readonly kind: 'prefab'
  /** The components of a new entity, on both sides. */
  readonly components: readonly object[]
  readonly schema: S
  readonly codec: RecordCodec
}

/** The input of {@link definePrefab}. */
export interface PrefabInput<S extends Schema> {
  /**
   * Components of bitECS that both sides add to its entities, replicated or not. Values of those that are not
   * replicated are whatever the side's own stores hold.
   */
  readonly components?: readonly object[]
  /** Data that is sent once, with the spawn. Default: none. */
  readonly payload?: S
}

/**
 * Declares a kind of entity. The server spawns it with `spawn`, and each client builds its own side of it with
 * `onSpawn`. List it under `prefabs` of the protocol.
 *
 * @throws ProtocolError when a component is invalid or listed twice, or the payload cannot fit a packet with a spawn.
 */
export function definePrefab<const S extends Schema = typeof NO_PAYLOAD>(input: PrefabInput<S> = {}): Prefab<S> {
  const { components = [], payload = NO_PAYLOAD as S } = input
  components.forEach((component: unknown, i) => {
    const usable = (typeof component === 'object' && component !== null) || typeof component === 'function'
    if (!usable) {
      const text = `a prefab: components[${i}] is ${String(component)}, not a component, or is imported in a circle`
      throw new ProtocolError('bad-definition', text)
    }
    if (components.indexOf(component as object) !== i) {
      throw new ProtocolError('bad-definition', `a prefab: components[${i}] is listed twice`)
    }
  })
  const codec = new RecordCodec(payload)
  if (codec.maxBytes > MAX_PREFAB_PAYLOAD) {
    throw new ProtocolError(
      'bad-definition',
      `a prefab ${codec.text}: the payload may take ${codec.maxBytes} bytes, at most ${MAX_PREFAB_PAYLOAD} fit a spawn`,
    )
  }
  return { kind: 'prefab', components: [...components], schema: payload, codec }
}

/** "No prefab". */
export const NO_PREFAB = -1

const NO_BYTES = new Uint8Array(0)

/** Bits of a spawn's origin byte. */
const OriginFlag = { Prefab: 1, Key: 2 } as const
const KNOWN_FLAGS = 3

/** A spawn's prefab, payload and spawn key. `payload` is the payload's whole record. */
export interface Origin {
  /** The prefab's id, or {@link NO_PREFAB}. */
  readonly prefab: number
  readonly payload: Uint8Array
  /** The net ids that the payload names. */
  readonly named: readonly number[]
  /** The spawn key, or ''. */
  readonly key: string
}

const NO_NAMES: readonly number[] = []

export const NO_ORIGIN: Origin = { prefab: NO_PREFAB, payload: NO_BYTES, named: NO_NAMES, key: '' }

/** Writes the origin of a spawn. */
export function writeOrigin(writer: ByteWriter, { prefab, payload, key }: Origin): void {
  writer.u8((prefab === NO_PREFAB ? 0 : OriginFlag.Prefab) | (key === '' ? 0 : OriginFlag.Key))
  if (prefab !== NO_PREFAB) {
    writer.varint(prefab)
    writer.varint(payload.length)
    writer.copy(payload, 0, payload.length)
  }
  if (key !== '') writer.string(key, MAX_SPAWN_KEY_BYTES)
}

/** A spawn's origin as read; reused. The payload is `[start .. end)` of the bytes read. */
export class OriginSection {
  prefab = NO_PREFAB
  start = 0
  end = 0
  key = ''

  read(reader: ByteReader): void {
    const flags = reader.u8()
    if ((flags & ~KNOWN_FLAGS) !== 0) reader.fail()
    this.prefab = NO_PREFAB
    this.start = this.end = reader.offset
    this.key = ''
    if ((flags & OriginFlag.Prefab) !== 0) {
      this.prefab = reader.varint()
      const length = reader.varint()
      this.start = reader.offset
      reader.skip(length)
      this.end = reader.offset
    }
    if ((flags & OriginFlag.Key) !== 0) {
      this.key = reader.string(MAX_SPAWN_KEY_BYTES)
      if (this.key === '') reader.fail()
    }
  }
}

/** The most bytes that {@link writeEndedKey} writes. */
export const MAX_ENDED_KEY_BYTES = 1 + MAX_SPAWN_KEY_BYTES

/** Writes the spawn key of a despawned entity. */
export function writeEndedKey(writer: ByteWriter, key: string): void {
  writer.string(key, MAX_SPAWN_KEY_BYTES)
}

/** Reads the key; the reader fails when it is not a valid one. */
export function readEndedKey(reader: ByteReader): string {
  const key = reader.string(MAX_SPAWN_KEY_BYTES)
  if (key === '') reader.fail()
  return key
}
