// Declares the scenes that both sides share, so that the server can choose the current ones.
import { ProtocolError } from './errors.js'
import { MAX_SCENE_PAYLOAD } from './limits.js'
import { RecordCodec } from './types/record.js'
import type { Schema, SchemaType } from './types/schema.js'

/** A part of the game that is loaded as a whole: a lobby, a map, the results. `S` is the schema of its arguments. */
export interface Scene<S extends Schema = Schema> {
  readonly kind: 'scene'
  readonly schema: S
  readonly codec: RecordCodec
}

/** The schema of a scene without arguments. */
export type NoArguments = { readonly [Field in never]: SchemaType<unknown> }

/**
 * Declares a scene. `schema` are the arguments that the server gives with a change to it, such as a map's seed. An
 * entity among them arrives as 0 where the client does not have it.
 *
 * @throws ProtocolError when a field is not a schema type, or the arguments cannot fit a packet.
 */
export function defineScene<const S extends Schema = NoArguments>(schema: S = {} as S): Scene<S> {
  const codec = new RecordCodec(schema)
  if (codec.maxBytes > MAX_SCENE_PAYLOAD) {
    const text = `a scene ${codec.text}: may take ${codec.maxBytes} bytes, at most ${MAX_SCENE_PAYLOAD} fit a packet`
    throw new ProtocolError('bad-definition', text)
  }
  return { kind: 'scene', schema, codec }
}
