// Plays a client's game against a hostile server: drains everything, sends requests, sets spawn keys, removes copies.
import { addComponent, addEntity, hasComponent, query, removeEntity } from 'bitecs'
import { added, changed, type ClientWorld, connectionOf, drain, NetworkErrors, removed, sendCommand } from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { setSpawnKey } from 'bitecs-net/prefabs'
import { request } from 'bitecs-net/requests'
import { setSceneLoader } from 'bitecs-net/scenes'
import { Connected, LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { Bag, Chat, Health, Look, Match, Move, Pose, Position, Trade, ZFlash, ZFour } from '../game-protocol.js'

/** The most own entities that wait for the server's. */
const MAX_OWN = 6

/** A tag on its own entities. The library may have removed one and its id may be recycled. */
const Own = {}

const pass = (): void => {}

export class Victim {
  private frame = 0
  private readonly own: number[] = []

  constructor(private readonly world: ClientWorld) {
    setSceneLoader(world, ({ scene, action }) => {
      if (scene === Match && action === 'load' && this.frame % 4 === 1) throw new Error('a loader that fails')
    })
  }

  /** The actions of a frame depend only on its number. */
  act(): void {
    const { world } = this
    const frame = ++this.frame
    this.look()
    const [ship] = query(world, [LocalPlayer])
    const isConnected = hasComponent(world, connectionOf(world), Connected)
    if (isConnected && ship !== undefined) {
      sendCommand(world, ship, Move, { dx: 0, step: frame })
      Look.far[ship] = frame
      if (frame % 3 === 0) request(world, ship, Trade, { item: frame & 0xffff }, { timeout: 2000 }).catch(pass)
    }
    if (frame % 2 === 0 && this.own.length < MAX_OWN) this.claim(frame)
    if (frame % 7 === 0) this.removeOne(frame)
  }

  private look(): void {
    const { world } = this
    for (const component of [Position, Health, Pose, ZFour]) for (const _ of drain(world, changed(component)));
    for (const component of [Networked, Owned, LocalPlayer]) {
      for (const _ of drain(world, added(component)));
      for (const _ of drain(world, removed(component)));
    }
    for (const _ of drain(world, operations(Bag, 'notes')));
    for (const _ of drain(world, operations(Bag, 'blobs')));
    for (const _ of drain(world, operations(Bag, 'friends')));
    for (const _ of drain(world, Chat));
    for (const _ of drain(world, ZFlash));
    for (const _ of drain(world, NetworkErrors));
  }

  /** Adds an entity with a spawn key, before or after the server's entity of that key. */
  private claim(frame: number): void {
    const { world } = this
    const eid = addEntity(world)
    addComponent(world, eid, Own)
    addComponent(world, eid, Health)
    this.own.push(eid)
    try {
      setSpawnKey(world, eid, `${frame % 4 === 0 ? 'mine' : 'bullet'} ${frame % 6}`)
    } catch {
      // Another of its entities has this key.
      this.removeOwn(eid)
    }
  }

  private removeOwn(eid: number): void {
    this.own.splice(this.own.indexOf(eid), 1)
    if (hasComponent(this.world, eid, Own)) removeEntity(this.world, eid)
  }

  /** Removes an own entity or a copy, as a game may do. */
  private removeOne(frame: number): void {
    const [eid] = this.own
    if (frame % 2 === 0 && eid !== undefined) return this.removeOwn(eid)
    const copies = query(this.world, [Networked])
    const copy = copies[frame % Math.max(1, copies.length)]
    if (copy !== undefined && !this.own.includes(copy)) removeEntity(this.world, copy)
  }

  /** Removes its own entities, and lets every scene load. */
  leave(): void {
    for (const eid of [...this.own]) this.removeOwn(eid)
    setSceneLoader(this.world, undefined)
  }
}
