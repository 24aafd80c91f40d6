// Tests the watch over pairs, which relies on bitECS internals: it must notice every change of an entity's pairs.
import {
  addComponent,
  addEntity,
  createRelation,
  createWorld,
  query,
  removeComponent,
  removeEntity,
  Wildcard,
} from 'bitecs'
import { expect, it } from 'vitest'
import { watchPairs } from '../../../src/replication/relations/watch-pairs.js'

function setUp() {
  const ChildOf = createRelation({ exclusive: true, autoRemoveSubject: true })
  const Likes = createRelation()
  const Other = createRelation()
  const world = createWorld()
  const before = addEntity(world)
  const target = addEntity(world)
  addComponent(world, before, Likes(target))
  const touched = new Set<number>()
  watchPairs(world, new Set([ChildOf, Likes]), (eid) => touched.add(eid))
  const taken = (): number[] => {
    const eids = [...touched].sort((a, b) => a - b)
    touched.clear()
    return eids
  }
  return { world, ChildOf, Likes, Other, before, target, taken }
}

it('the watch notices each added and removed pair of an entity, also pairs that the game stores', () => {
  const { world, Likes, before, target, taken } = setUp()
  const [a, b] = [addEntity(world), addEntity(world)]
  const kept = Likes(b)
  addComponent(world, a, Likes(target))
  expect(taken()).toEqual([a])
  addComponent(world, a, kept)
  expect(taken()).toEqual([a])
  removeComponent(world, a, Likes(target))
  expect(taken()).toEqual([a])
  addComponent(world, a, kept)
  expect(taken()).toEqual([])
  removeComponent(world, before, Likes(target))
  expect(taken()).toEqual([before])
})

it('the watch notices an exclusive pair that moves, mutual pairs, and several relations of two entities', () => {
  const { world, ChildOf, Likes, taken } = setUp()
  const [a, b, c] = [addEntity(world), addEntity(world), addEntity(world)]
  addComponent(world, a, ChildOf(b))
  addComponent(world, a, ChildOf(c))
  expect(taken()).toEqual([a])
  addComponent(world, a, Likes(c))
  expect(taken()).toEqual([a])
  addComponent(world, c, Likes(a))
  expect(taken()).toEqual([c])
})

it('the watch notices the removal of a target', () => {
  const { world, Likes, taken } = setUp()
  const [a, b] = [addEntity(world), addEntity(world)]
  addComponent(world, a, Likes(b))
  taken()
  removeEntity(world, b)
  expect(taken()).toEqual([a])
})

it('the watch ignores other relations, other components, and wildcards', () => {
  const { world, Other, Likes, taken } = setUp()
  const [a, b] = [addEntity(world), addEntity(world)]
  addComponent(world, a, Other(b))
  addComponent(world, a, {})
  query(world, [Likes(Wildcard)])
  expect(taken()).toEqual([])
})

it('the watch adds no query to the world, whatever the number of targets', () => {
  const { world, Likes, taken } = setUp()
  const subject = addEntity(world)
  for (let i = 0; i < 50; i++) addComponent(world, subject, Likes(addEntity(world)))
  expect(taken()).toEqual([subject])
  const { queries } = (world as Record<symbol, { queries: Set<unknown> }>)[Symbol.for('bitecs_internal')]!
  expect(queries.size).toBe(0)
})
