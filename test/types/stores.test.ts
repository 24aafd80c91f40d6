// Tests the types of stores: the forms that `replicate` accepts, and the types of their fields.
import { expectTypeOf, it } from 'vitest'
import { f32 as taggedF32 } from 'bitecs/serialization'
import {
  angle,
  changed,
  type Changes,
  defineCommand,
  f32,
  type Infer,
  quantized,
  replicate,
  type ServerWorld,
  string,
  u16,
  u8,
  unitQuaternion,
  writeComponent,
} from 'bitecs-net'

interface Body {
  x: number
  y: number
  name: string
}

const Typed = { x: new Float32Array(1), y: new Float32Array(1) }
const Plain = { x: [] as number[], label: [] as string[] }
const Tagged = { x: taggedF32([]) }
const Bodies: Body[] = []
const Health = new Uint16Array(1)
const Score: number[] = []
const Pose = { h: Typed.x, x: Typed.x, y: Typed.x, z: Typed.x, w: Typed.x }

declare const server: ServerWorld

it('only fields of numbers can be replicated, in any form of store', () => {
  expectTypeOf(() => {
    expectTypeOf(changed(replicate(Typed, { x: f32 }))).toEqualTypeOf<Changes<'x'>>()
    expectTypeOf(changed(replicate(Plain, { x: angle(8) }))).toEqualTypeOf<Changes<'x'>>()
    expectTypeOf(changed(replicate(Tagged, { x: f32 }))).toEqualTypeOf<Changes<'x'>>()
    expectTypeOf(changed(replicate(Bodies, { x: f32, y: quantized(0, 1, 0.1) }))).toEqualTypeOf<Changes<'x' | 'y'>>()
    expectTypeOf(changed(replicate(Health, u16))).toEqualTypeOf<Changes<'value'>>()
    expectTypeOf(changed(Bodies)).toEqualTypeOf<Changes<'x' | 'y'>>()
    expectTypeOf(changed(Score)).toEqualTypeOf<Changes<'value'>>()
    // @ts-expect-error texts are not columns
    replicate(Plain, { label: u8 })
    // @ts-expect-error a struct's text is no number
    replicate(Bodies, { name: u8 })
    // @ts-expect-error no such field
    replicate(Bodies, { z: f32 })
    // @ts-expect-error an array of numbers has a type, not fields
    replicate(Score, { x: f32 })
    // @ts-expect-error a text is no type of numbers
    replicate(Score, string(5))
    // @ts-expect-error an array of structs has fields
    replicate(Bodies, f32)
  }).toBeFunction()
})

it('a rotation takes four fields of the component', () => {
  expectTypeOf(() => {
    replicate(Pose, { h: f32, ...unitQuaternion.fields() })
    replicate(Pose, unitQuaternion.fields('h', 'x', 'y', 'z'))
    // @ts-expect-error a column is no struct
    replicate(Pose, { h: unitQuaternion })
    const Look = defineCommand({ aim: unitQuaternion, turn: angle(8) })
    type Args = Infer<typeof Look.schema>
    expectTypeOf<Args['aim']['w']>().toEqualTypeOf<number>()
    expectTypeOf<Args['turn']>().toEqualTypeOf<number>()
  }).toBeFunction()
})

it('writeComponent accepts the values of each form of store', () => {
  expectTypeOf(() => {
    writeComponent(server, 1, Plain, { x: 1 })
    writeComponent(server, 1, Bodies, { x: 1, y: 2 })
    writeComponent(server, 1, Health, 5)
    writeComponent(server, 1, Score, 5)
    // @ts-expect-error a text is no column
    writeComponent(server, 1, Bodies, { name: 'a' })
    // @ts-expect-error an array takes a number
    writeComponent(server, 1, Health, { value: 5 })
    // @ts-expect-error no such field
    writeComponent(server, 1, Plain, { y: 5 })
  }).toBeFunction()
})
