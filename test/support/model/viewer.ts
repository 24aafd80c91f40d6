// The client's half of the seeded model: a game that knows the world by events alone, and checks in every frame that
// this is what the world holds, that calls come in the order sent, and that entities named anywhere are the right ones.
import { hasComponent, observe, onAdd, query } from 'bitecs'
import {
  changed,
  type ClientWorld,
  connectionOf,
  drain,
  entityOf,
  netIdOf,
  sendCommand,
  sendMessage,
  transitions,
} from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { onSpawn } from 'bitecs-net/prefabs'
import { Connected, Connection, Interrupted, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import type { Random } from '../seeds.js'
import * as game from './game.js'
import type { ServerModel } from './server.js'

const STATES = [Connected, Interrupted, Ready] as const

/** An entity that something named, and the net id that it must have. */
interface Reference {
  readonly where: string
  readonly entity: number
  readonly netId: number
  /** Since when the client was to see what names it; Infinity when that has ended for it. */
  readonly since: number
}

export class Viewer {
  /** What went wrong, in the order in which it did. */
  readonly faults: string[] = []
  /** What the events say there is: the entities with their net ids, whose they are, what they hold. */
  readonly networked = new Map<number, number>()
  private readonly owned = new Set<number>()
  private readonly points = new Map<number, number>()
  private readonly items = new Map<number, number[]>()
  private player = 0
  private readonly states = new Set<object>()
  /** The numbers in the last ordered call received and sent. */
  received = 0
  sent = 0
  /** Whether it sends calls of its own. */
  isTalking = true
  private readonly references: Reference[] = []
  /** The net ids of the copies that ended in this frame: what is named before that is rightly still the former copy. */
  private readonly ended = new Map<number, number>()

  constructor(
    readonly world: ClientWorld,
    private readonly server: ServerModel,
    private readonly random: Random,
    /** In a host's world there is more than its own client sees. */
    private readonly isHost: boolean,
  ) {
    onSpawn(world, game.Shot, ({ entity, args }) => this.note('payload', entity, args.shooter, args.netId))
    // A host's own client was there before the model began.
    const connection = connectionOf(world)
    for (const state of STATES) if (hasComponent(world, connection, state)) this.states.add(state)
    if (!isHost) observe(world, onAdd(Networked), (eid: number) => this.checkTarget(eid))
  }

  /** The number of this client's connection, which no other has. */
  get number(): number {
    return Connection.id[connectionOf(this.world)] ?? 0
  }

  /** The system of the game: all that it knows comes from here. */
  frame(): void {
    this.followConnection()
    this.followEntities()
    this.followValues()
    this.takeCalls()
    this.checkReferences()
    this.compare()
    this.call()
  }

  private fault(text: string): void {
    if (this.faults.length < 8) this.faults.push(`tick ${this.server.tick}, client ${this.number}: ${text}`)
  }

  private followConnection(): void {
    const own = connectionOf(this.world)
    for (const { kind, component, entity } of drain(this.world, transitions(...STATES))) {
      if (entity !== own) continue
      if (kind === 'added') this.states.add(component)
      else this.states.delete(component)
    }
  }

  private followEntities(): void {
    const { networked, owned } = this
    for (const { kind, component, entity, netId } of drain(this.world, transitions(Networked, Owned, LocalPlayer))) {
      if (component === Networked && kind === 'added') {
        if (networked.has(entity)) this.fault(`entity ${entity} was added twice`)
        networked.set(entity, netId)
        this.points.set(entity, game.Score.points[entity]!)
        this.items.set(entity, [...(game.Bag.items[entity] ?? [])])
      } else if (component === Networked) {
        if (networked.get(entity) !== netId) this.fault(`entity ${entity} was removed as another`)
        for (const known of [networked, this.points, this.items]) known.delete(entity)
        this.ended.set(entity, netId)
      } else if (component === LocalPlayer) this.player = kind === 'added' ? entity : 0
      else if (kind === 'added') owned.add(entity)
      else owned.delete(entity)
    }
  }

  private followValues(): void {
    for (const { entity, after } of drain(this.world, changed(game.Score))) this.points.set(entity, after.points!)
    for (const { kind, entity, index, after } of drain(this.world, operations(game.Bag, 'items'))) {
      const items = this.items.get(entity)
      // One that ended in the same frame.
      if (items === undefined) continue
      if (kind === 'reset') items.splice(0, Infinity, ...game.Bag.items[entity]!)
      else if (kind === 'add') items.push(after!)
      else if (kind === 'insert') items.splice(index, 0, after!)
      else if (kind === 'set') items[index] = after!
      else if (kind === 'remove') items.splice(index, 1)
      else items.length = 0
    }
  }

  private takeCalls(): void {
    for (const call of drain(this.world, [game.Boom, game.Prize, game.Chat])) {
      const { n } = call.args
      if (n <= this.received) this.fault(`call ${n} came behind call ${this.received}`)
      this.received = n
      if (call.definition === game.Boom) this.note('call', call.entity, call.args.at, call.args.netId)
    }
    for (const { entity, args } of drain(this.world, game.Spark)) this.note('unreliable', entity, args.at, args.netId)
    for (const { entity, args } of drain(this.world, game.Scar)) this.note('buffered', entity, args.at, args.netId)
  }

  /** `holder`: this client's entity that the call was on, or whose spawn it was. */
  private note(where: string, holder: number, entity: number, netId: number): void {
    const since = this.server.shownSinceTick(this.number, netIdOf(this.world, holder))
    this.references.push({ where, entity, netId, since })
  }

  /**
   * The first value of a field of entities, as an observer of the spawn reads it. A later one may have been written
   * since.
   */
  private checkTarget(copy: number): void {
    if (!hasComponent(this.world, copy, game.Target) || game.Target.entity[copy] !== 0) return
    this.note('field', copy, 0, game.Target.netId[copy]!)
  }

  private checkReferences(): void {
    for (const { where, entity, netId, since } of this.references) {
      const here = entityOf(this.world, netId)
      const isOther = entity !== 0 && here !== 0 && here !== entity && this.ended.get(entity) !== netId
      if (isOther) this.fault(`${where}: entity ${entity} instead of ${here}`)
      if (entity !== 0 || netId === 0) continue
      // 0 is right when the client was not to see the entity at some time since it was to see what names it.
      const named = this.server.shownSinceTick(this.number, netId)
      if (since < Infinity && named <= since) this.fault(`${where}: 0 instead of ${here}, net id ${netId}`)
    }
    this.references.length = 0
    this.ended.clear()
  }

  private compare(): void {
    const { world, networked } = this
    const there = this.isHost ? undefined : [...query(world, [Networked])]
    if (there !== undefined) {
      if (there.length !== networked.size) this.fault(`${there.length} entities, and ${networked.size} by events`)
      for (const eid of there) {
        if (networked.get(eid) !== netIdOf(world, eid)) this.fault(`entity ${eid} is another one by events`)
        if (this.owned.has(eid) !== hasComponent(world, eid, Owned))
          this.fault(`entity ${eid}: owned by events, or not`)
        if (this.points.get(eid) !== game.Score.points[eid]) this.fault(`entity ${eid}: other points by events`)
        const items = [...(game.Bag.items[eid] ?? [])]
        if (String(this.items.get(eid)) !== String(items)) this.fault(`entity ${eid}: another bag by events`)
      }
      const player = [...query(world, [LocalPlayer])][0] ?? 0
      if (player !== this.player) this.fault(`player ${player}, and ${this.player} by events`)
    }
    const connection = connectionOf(world)
    for (const [i, state] of STATES.entries()) {
      const has = hasComponent(world, connection, state)
      if (has !== this.states.has(state)) this.fault(`state ${i} is ${has}, and not so by events`)
    }
  }

  /** Calls of several definitions, whose order the server checks. */
  private call(): void {
    const { world, random } = this
    const anchor = entityOf(world, netIdOf(this.server.net.server, this.server.anchor))
    if (!this.isTalking || anchor === 0 || !hasComponent(world, connectionOf(world), Ready)) return
    for (let i = random(4); i > 0; i--) {
      const what = random(3)
      const n = ++this.sent
      if (what === 0) sendCommand(world, anchor, game.Zoom, { n })
      else if (what === 1) sendCommand(world, anchor, game.Aim, { n })
      else sendMessage(world, game.Chat, { n })
    }
  }
}
