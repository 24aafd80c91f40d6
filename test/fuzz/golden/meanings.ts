// Records the results of received packets in a recorded play: calls, which are answered, and finally the world.
import { getRelationTargets, hasComponent, query } from 'bitecs'
import { type ClientWorld, drain, netIdOf, NetworkErrors, type ServerWorld } from 'bitecs-net'
import { refuse, reply } from 'bitecs-net/requests'
import { accept } from 'bitecs-net/users'
import { Networked, Owned } from 'bitecs-net/components'
import {
  Blip,
  Blob,
  Boom,
  Chat,
  ChildOf,
  Craft,
  Dash,
  Huge,
  Knock,
  Likes,
  Login,
  Move,
  Prize,
  protocol,
  Query,
  Tint,
  Trade,
  ZFlash,
  ZMix,
} from '../game-protocol.js'

export type Say = (text: string) => void
type World = ServerWorld | ClientWorld

/** A request that is never answered, so that its sender gives up. */
export const UNANSWERED = 99
export const UNHEARD = 'nobody?'

/** Entity arguments: they differ on each side, but have the same net ids. */
const ENTITIES = new Set(['who', 'shooter', 'near', 'owner'])

function textOf(world: World, name: string, args: object): string {
  const show = (key: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return `${value.length} bytes of ${value[0]}`
    return ENTITIES.has(key) && typeof value === 'number' ? `net id ${netIdOf(world, value)}` : value
  }
  return `${name} ${JSON.stringify(args, show)}`
}

/** Drains every call on the server. */
export function takeAtServer(world: ServerWorld, say: Say): void {
  const hear = (name: string, args: object): void => say(textOf(world, name, args))
  for (const { args } of drain(world, Move)) hear('Move', args)
  for (const { args } of drain(world, Dash)) hear('Dash', args)
  for (const { args } of drain(world, Knock)) hear('Knock', args)
  for (const { args } of drain(world, Craft)) hear('Craft', args)
  for (const { args } of drain(world, ZMix)) hear('ZMix', args)
  for (const { args } of drain(world, Chat)) hear('Chat', args)
  for (const { args } of drain(world, Blip)) hear('Blip', args)
  for (const { args } of drain(world, Blob)) hear('Blob', args)
  for (const { args } of drain(world, Huge)) hear('Huge', args)
  for (const { sender, args } of drain(world, Login)) {
    hear('Login', args)
    accept(world, sender)
  }
  for (const { id, args } of drain(world, Trade)) {
    hear('Trade', args)
    if (args.item === UNANSWERED) continue
    if (args.item % 2 === 0) reply(world, id, { gold: args.item, note: 'sold' })
    else refuse(world, id, 'broken')
  }
  for (const { code } of drain(world, NetworkErrors)) say(`error ${code}`)
}

/** Drains every call on the client. */
export function takeAtClient(world: ClientWorld, say: Say): void {
  const hear = (name: string, args: object): void => say(textOf(world, name, args))
  for (const { args } of drain(world, Boom)) hear('Boom', args)
  for (const { args } of drain(world, Tint)) hear('Tint', args)
  for (const { args } of drain(world, Prize)) hear('Prize', args)
  for (const { args } of drain(world, ZFlash)) hear('ZFlash', args)
  for (const { args } of drain(world, Chat)) hear('Chat', args)
  for (const { args } of drain(world, Blip)) hear('Blip', args)
  for (const { args } of drain(world, Blob)) hear('Blob', args)
  for (const { id, entity, args } of drain(world, Query)) {
    hear('Query', args)
    if (args.text !== UNHEARD) reply(world, id, { at: entity })
  }
  for (const { code } of drain(world, NetworkErrors)) say(`error ${code}`)
}

function valueText(world: World, field: string, value: unknown): string {
  if (typeof value !== 'number') return textOf(world, '', [...(value as Iterable<unknown>)]).trim()
  return field === 'at' ? `net id ${netIdOf(world, value)}` : String(Number(value.toPrecision(6)))
}

/** Describes each networked entity. */
export function tellWorld(world: World, say: Say): void {
  const entities = [...query(world, [Networked])].sort((a, b) => netIdOf(world, a) - netIdOf(world, b))
  for (const eid of entities) {
    const components = protocol.componentList.flatMap(({ store }, id) => {
      if (!hasComponent(world, eid, store)) return []
      const fields = Object.entries(store as Record<string, ArrayLike<unknown>>)
      return [
        `${protocol.componentNames[id]} ${fields.map(([f, of]) => `${f} ${valueText(world, f, of[eid])}`).join(' ')}`,
      ]
    })
    const pairs = [ChildOf, Likes].flatMap((relation) => getRelationTargets(world, eid, relation))
    const likes = pairs.map((target) => `to ${netIdOf(world, target)}`)
    const owned = hasComponent(world, eid, Owned) ? ['owned'] : []
    say(`has ${[netIdOf(world, eid), ...owned, ...likes, ...components].join('; ')}`)
  }
}
