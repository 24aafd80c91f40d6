// @colyseus/schema: objects whose setters note what changes, encoded as patches; and StateView, its visibility.
import { ArraySchema, Decoder, Encoder, schema, StateView, t, type SchemaType } from '@colyseus/schema'
import { versionOf } from '../versions.js'
import type { Moving } from './bodies.js'

export const COLYSEUS = `@colyseus/schema ${versionOf('@colyseus/schema')}`

const fields = {
  px: t.float32(),
  py: t.float32(),
  pz: t.float32(),
  rx: t.float32(),
  ry: t.float32(),
  rz: t.float32(),
  rw: t.float32(),
  vx: t.float32(),
  vy: t.float32(),
  vz: t.float32(),
  hp: t.uint16(),
}
const Body = schema(fields, 'Body')
const State = schema({ bodies: t.array(Body) }, 'State')
/** The same, of which a client sees only what its view holds. */
const ViewedState = schema({ bodies: t.array(Body).view() }, 'ViewedState')

function newBody(): Moving & SchemaType<typeof Body> {
  const body = new Body()
  for (const name of Object.keys(fields) as (keyof typeof fields)[]) body[name] = 0
  return body as Moving & SchemaType<typeof Body>
}

/** Room for the first full state; an encoder that runs out of it starts over with a larger buffer. */
function reserve(entities: number): void {
  Encoder.BUFFER_SIZE = Math.max(1 << 16, entities * 80)
}

/** A state of as many bodies as the workload has entities, known to its one client. */
export class ColyseusEncoder {
  readonly bodies: readonly Moving[]
  /** What a client is told first. */
  readonly first: Uint8Array
  private readonly encoder: Encoder

  constructor(count: number, fill: (bodies: readonly Moving[]) => void) {
    reserve(count)
    const state = new State()
    state.bodies = new ArraySchema()
    this.bodies = Array.from({ length: count }, newBody)
    fill(this.bodies)
    for (const body of this.bodies) state.bodies.push(body as SchemaType<typeof Body>)
    this.encoder = new Encoder(state)
    this.first = this.encoder.encodeAll().slice()
    this.encoder.discardChanges()
  }

  /** Encodes what was set since the last time. The bytes are the encoder's, until it encodes again. */
  patch(): Uint8Array {
    const bytes = this.encoder.encode()
    this.encoder.discardChanges()
    return bytes
  }

  /** Returns the number of bytes. */
  encode(): number {
    return this.patch().length
  }

  /** The whole state, as a client gets it that joins. */
  encodeAll(): number {
    return this.encoder.encodeAll().length
  }
}

/** A client's state. */
export class ColyseusDecoder {
  private readonly state = new State()
  private readonly decoder: Decoder

  constructor(first: Uint8Array) {
    this.state.bodies = new ArraySchema()
    this.decoder = new Decoder(this.state)
    this.decoder.decode(first)
  }

  get bodies(): readonly Moving[] {
    return [...this.state.bodies!] as Moving[]
  }

  /** Applies a patch. Returns the number of its bytes. */
  decode(patch: Uint8Array): number {
    this.decoder.decode(patch)
    return patch.length
  }
}

/** Many clients, each of whom has a view of some bodies. */
export class ColyseusViews {
  readonly bodies: readonly Moving[]
  private readonly encoder: Encoder
  private readonly views: readonly StateView[]

  constructor(count: number, visible: readonly (readonly number[])[]) {
    reserve(count)
    const state = new ViewedState()
    state.bodies = new ArraySchema()
    this.bodies = Array.from({ length: count }, newBody)
    for (const body of this.bodies) state.bodies.push(body as SchemaType<typeof Body>)
    this.encoder = new Encoder(state)
    this.encoder.encodeAll()
    this.views = visible.map((indices) => {
      const view = new StateView()
      for (const i of indices) view.add(this.bodies[i] as SchemaType<typeof Body>)
      return view
    })
    this.encode()
  }

  /** A patch for every client. Returns the number of bytes. */
  encode(): number {
    const it = { offset: 0 }
    this.encoder.encode(it)
    const shared = it.offset
    let bytes = 0
    for (const view of this.views) bytes += this.encoder.encodeView(view, shared, it).length
    this.encoder.discardChanges()
    return bytes
  }
}
