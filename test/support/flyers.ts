// A small game whose players write where their flyers are: the server writes the rest.
import { addComponent, addEntity } from 'bitecs'
import {
  bool,
  defineProtocol,
  entity,
  f32,
  f64,
  i8,
  quantized,
  replicate,
  type ServerWorld,
  setOwner,
  u16,
  u32,
  varint,
} from 'bitecs-net'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'
import { copyOf } from './arena.js'
import type { Peers } from './peers.js'

const MAX = 8_000

/** Written by the owner. */
export const Place = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
export const View = { yaw: new Float32Array(MAX), at: new Uint32Array(MAX), seed: new Float64Array(MAX) }
export const Trail = { length: new Int8Array(MAX), lit: new Uint8Array(MAX) }
/** For the owner alone. */
export const Plans = { code: new Uint32Array(MAX), notes: [] as SyncList<number>[] }
/** Written by the server. */
export const Fuel = { left: new Uint16Array(MAX) }

export const STEP = 0.01

export const flight = defineProtocol({
  components: {
    Place: replicate(
      Place,
      { x: quantized(-1000, 1000, STEP), y: quantized(-1000, 1000, STEP) },
      { authority: 'client', interpolate: true, trackChanges: true },
    ),
    View: replicate(View, { yaw: f32, at: entity, seed: f64 }, { authority: 'client' }),
    Trail: replicate(Trail, { length: i8, lit: bool }, { authority: 'client' }),
    Plans: replicate(Plans, { code: u32, notes: listOf(varint, 32) }, { to: 'owner', trackChanges: true }),
    Fuel: replicate(Fuel, { left: u16 }),
  },
})

/** A networked flyer of the server, with a place and fuel; owned where `owner` is a connection. */
export function spawnFlyer(world: ServerWorld, x = 0, y = 0, owner = 0): number {
  const eid = addEntity(world)
  for (const component of [Place, View, Trail, Fuel]) addComponent(world, eid, component)
  Place.x[eid] = x
  Place.y[eid] = y
  View.yaw[eid] = 0
  View.at[eid] = 0
  View.seed[eid] = 0
  Trail.length[eid] = 0
  Trail.lit[eid] = 0
  Fuel.left[eid] = 100
  addComponent(world, eid, Networked)
  if (owner !== 0) setOwner(world, eid, owner)
  return eid
}

/** The value that a coordinate arrives as. */
export function quantize(value: number): number {
  return Math.fround(-1000 + Math.floor((Math.fround(value) + 1000) * 100 + 0.5) * STEP)
}

/** A flyer of the server, owned by a client, and every client's copy of it. */
export async function ownedFlyer(peers: Peers, owner: number): Promise<{ flyer: number; copies: number[] }> {
  const flyer = spawnFlyer(peers.server, 1, 2, peers.clients[owner]!.connection)
  const copies = (): number[] => peers.clients.map(({ world }) => copyOf(world, peers.server, flyer))
  await peers.until('every client has the flyer', () => copies().every((copy) => copy !== 0))
  return { flyer, copies: copies() }
}
