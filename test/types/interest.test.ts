// Tests the types of interest policies and their verbs, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import { type ClientWorld, createClientWorld, createServerWorld, defineProtocol, type ServerWorld } from 'bitecs-net'
import {
  allOf,
  anyOf,
  everyone,
  grid,
  type GridPolicy,
  hideFrom,
  type InterestPolicy,
  joinRoom,
  predicate,
  resetVisibility,
  roomOf,
  type RoomName,
  rooms,
  roomsOf,
  setInterest,
  setRoom,
  setViewpoint,
  showTo,
} from 'bitecs-net/interest'

const Position = { x: new Float32Array(1), y: new Float32Array(1), name: 'no array' }
const Place = [] as { x: number; z: number; name: string }[]
declare const server: ServerWorld
declare const client: ClientWorld

it('a grid reads two or three number fields of its component', () => {
  expectTypeOf(() => {
    expectTypeOf(grid({ position: Position, radius: 10 })).toEqualTypeOf<GridPolicy>()
    grid({ position: Position, radius: 10, axes: ['y', 'x'], cellSize: 5, hysteresis: 1, unplaced: 'nobody' })
    grid({ position: Place, radius: 10, axes: ['x', 'z'] })
    // @ts-expect-error no such field
    grid({ position: Position, radius: 10, axes: ['x', 'z'] })
    // @ts-expect-error no array of numbers
    grid({ position: Position, radius: 10, axes: ['x', 'name'] })
    // @ts-expect-error no number in the structs
    grid({ position: Place, radius: 10, axes: ['x', 'name'] })
    // @ts-expect-error one axis
    grid({ position: Position, radius: 10, axes: ['x'] })
    // @ts-expect-error no radius
    grid({ position: Position })
    // @ts-expect-error no such option
    grid({ position: Position, radius: 1, unplaced: 'some' })
  }).toBeFunction()
})

it('policies can be combined, and are options of a server’s world only', () => {
  expectTypeOf(() => {
    const protocol = defineProtocol({})
    const policy: InterestPolicy = allOf(rooms(), anyOf(everyone(), grid({ position: Position, radius: 1 })))
    createServerWorld(protocol, { interest: policy })
    // @ts-expect-error a client has none
    createClientWorld(protocol, { interest: policy })
    predicate((world, connection, entity) => {
      expectTypeOf(world).toEqualTypeOf<ServerWorld>()
      return connection > entity
    })
    // @ts-expect-error says nothing
    predicate(() => {})
    // @ts-expect-error a name is no policy
    allOf('grid')
  }).toBeFunction()
})

it('the verbs of interest are for servers only', () => {
  expectTypeOf(() => {
    const teams = rooms()
    setInterest(server, teams)
    joinRoom(server, 1, 'red', teams)
    setRoom(server, 1, 7)
    setRoom(server, 1, undefined)
    setViewpoint(server, 1, [1, 2])
    setViewpoint(server, 1, 5)
    showTo(server, 1, 'all')
    hideFrom(server, 1, 2)
    resetVisibility(server, 1)
    expectTypeOf(roomOf(server, 1)).toEqualTypeOf<RoomName | undefined>()
    expectTypeOf(roomsOf(server, 1)).toEqualTypeOf<RoomName[]>()
    // @ts-expect-error a client's world
    setInterest(client, teams)
    // @ts-expect-error a client's world
    showTo(client, 1, 2)
    // @ts-expect-error a room has a name
    joinRoom(server, 1, undefined)
    // @ts-expect-error no rooms
    joinRoom(server, 1, 'red', everyone())
    // @ts-expect-error no grid
    setViewpoint(server, 1, [1, 2], teams)
    // @ts-expect-error nobody in particular
    showTo(server, 1, 'ready')
  }).toBeFunction()
})
