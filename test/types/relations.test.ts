// Tests the types of relations in a protocol. Checked by `tsc`; the calls never run.
import { createRelation, type Relation } from 'bitecs'
import { expectTypeOf, it } from 'vitest'
import { defineProtocol } from 'bitecs-net'
import { definePrefab } from 'bitecs-net/prefabs'

const ChildOf = createRelation({ exclusive: true })
const Damages: Relation<{ amount: number[] }> = createRelation({ store: () => ({ amount: [] as number[] }) })
const Position = { x: new Float32Array(1) }

it('a protocol keeps the names and types of its relations', () => {
  expectTypeOf(() => {
    const { relations } = defineProtocol({ relations: { ChildOf, Damages } })
    expectTypeOf(relations.ChildOf).toEqualTypeOf(ChildOf)
    expectTypeOf(relations.Damages).toEqualTypeOf(Damages)
    // @ts-expect-error not in the protocol
    void relations.Likes
  }).returns.toBeVoid()
})

it('a value that is not a relation does not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error a component
    defineProtocol({ relations: { Position } })
    // @ts-expect-error a prefab
    defineProtocol({ relations: { Ball: definePrefab() } })
    // @ts-expect-error a pair
    defineProtocol({ relations: { Child: Damages(1) } })
    // @ts-expect-error a relation belongs to relations
    defineProtocol({ components: { ChildOf } })
  }).returns.toBeVoid()
})
