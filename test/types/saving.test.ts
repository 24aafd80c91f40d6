// Tests the types of saving, loading and migrations. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import { type ClientWorld, type ServerWorld } from 'bitecs-net'
import { type HostWorld } from 'bitecs-net/host'
import { type LoadedWorld, loadWorld, type SavedComponent, type SavedPair, saveWorld } from 'bitecs-net/saves'

declare const server: ServerWorld
declare const host: HostWorld
declare const client: ClientWorld
declare const bytes: Uint8Array

it('correct saves, loads and migrations compile', () => {
  expectTypeOf(() => {
    expectTypeOf(saveWorld(server)).toEqualTypeOf<Uint8Array>()
    saveWorld(host, { version: 3, entities: new Set([1, 2]), ownerKey: () => undefined })
    expectTypeOf(loadWorld(host, bytes)).toEqualTypeOf<LoadedWorld>()
    const { owners, entities } = loadWorld(server, bytes, {
      migrate({ version, components, relations }) {
        expectTypeOf(version).toEqualTypeOf<number>()
        expectTypeOf(components.get('Health')).toEqualTypeOf<SavedComponent | undefined>()
        expectTypeOf(relations.get('ChildOf')).toEqualTypeOf<SavedPair[] | undefined>()
      },
    })
    expectTypeOf(entities).toEqualTypeOf<readonly number[]>()
    expectTypeOf(owners.get('alice')?.player).toEqualTypeOf<number | undefined>()
  }).returns.toBeVoid()
})

it("saving refuses a client's world, and unknown options", () => {
  expectTypeOf(() => {
    // @ts-expect-error the server saves
    saveWorld(client)
    // @ts-expect-error the server loads
    loadWorld(client, bytes)
    // @ts-expect-error bytes
    loadWorld(server, 'save')
    // @ts-expect-error a number
    saveWorld(server, { version: '3' })
    // @ts-expect-error a text
    saveWorld(server, { ownerKey: () => 5 })
    // @ts-expect-error no such option
    saveWorld(server, { compress: true })
    loadWorld(server, bytes, {
      migrate(saved) {
        // @ts-expect-error the number of entities is what it is
        saved.entityCount = 5
      },
    })
  }).returns.toBeVoid()
})
