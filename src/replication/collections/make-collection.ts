// Makes the collection for a field's type.
import type { Collection, Home } from './collection.js'
import { ListCollection } from './sync-list.js'
import { MapCollection } from './sync-map.js'
import { SetCollection } from './sync-set.js'

export function makeCollection(home: Home, entity: number): Collection {
  switch (home.type.collection) {
    case 'list':
      return new ListCollection(home, entity)
    case 'map':
      return new MapCollection(home, entity)
    default:
      return new SetCollection(home, entity)
  }
}
