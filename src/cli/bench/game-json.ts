// Sends the same changes as JSON, with an object for each entity, like a game that only writes down what it sends.
import type { ReplicatedComponent } from '../../protocol/definitions.js'

type Values = Record<string, Record<string, number>>
type Changed = { id: number; components: Values }[]

export function encodeChanges(
  components: readonly ReplicatedComponent[],
  names: readonly string[],
  eids: readonly number[],
): string {
  const changed: Changed = eids.map((id) => {
    const values: Values = {}
    components.forEach(({ fields }, c) => {
      values[names[c]!] = Object.fromEntries(fields.map(({ name, store }) => [name, store.read(id)]))
    })
    return { id, components: values }
  })
  return JSON.stringify(changed)
}

/** Decodes into arrays by component, field and entity. Returns the number of entities. */
export function decodeChanges(text: string, into: Map<string, number[]>): number {
  const changed = JSON.parse(text) as Changed
  for (const { id, components } of changed) {
    for (const [component, values] of Object.entries(components)) {
      for (const [field, value] of Object.entries(values)) {
        const key = `${component}.${field}`
        const array = into.get(key) ?? []
        into.set(key, array)
        array[id] = value
      }
    }
  }
  return changed.length
}
