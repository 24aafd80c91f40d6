// Groups the tables that the parts of the server's replication share.
import type { ComponentSets } from '../../protocol/component-sets.js'
import type { ServerAuthority } from '../authority/server-authority.js'
import type { ServerCollections } from '../collections/server-collections.js'
import type { ServerRelations } from '../relations/server-relations.js'
import type { ChangeTracker } from './change-tracker.js'
import type { OwnerAudience } from './owner-audience.js'
import type { ServerEntities } from './server-entities.js'
import type { SpawnOrigins } from './spawn-origins.js'

export interface ReplicationTables {
  readonly entities: ServerEntities
  readonly sets: ComponentSets
  readonly tracker: ChangeTracker
  readonly collections: ServerCollections
  readonly origins: SpawnOrigins
  readonly relations: ServerRelations
  readonly authority: ServerAuthority
  readonly audience: OwnerAudience
}
