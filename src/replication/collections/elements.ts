// Converts the elements of one field of collections between the game's values and the kept and sent form.
//
// A side that may write keeps the game's values, copied and frozen. A client keeps the received values, with entities
// as net ids. So each read finds the entity that stands for a net id now, even one that arrived later.
import { ByteReader, type ByteWriter } from '../../protocol/bytes.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { ArgumentError, UsageError } from '../../protocol/errors.js'
import { readNetId } from '../../protocol/net-id.js'
import { ScalarForm, type SchemaType } from '../../protocol/types/schema.js'
import type { ClientEntities } from '../client/client-entities.js'
import { copyValue, freeze } from './values.js'

/** The result of `find` for a value that cannot be there. It equals no element. */
const NOWHERE: unique symbol = Symbol('nowhere')

export abstract class Elements {
  readonly isEntity: boolean

  constructor(
    readonly type: SchemaType<unknown>,
    /** The field, as in `Bag.items`. */
    readonly path: string,
  ) {
    this.isEntity = type.scalar === ScalarForm.Entity
  }

  /** The game's form of a kept value. */
  abstract show(kept: unknown): unknown
  /** The kept form of the game's `value`, to look for it. A value that cannot be there is found nowhere. */
  abstract find(value: unknown): unknown
  /** Checks the game's `value`, and returns the kept form. */
  abstract keep(value: unknown): unknown
  /** Writes a kept value. */
  abstract write(writer: ByteWriter, kept: unknown): void

  /**
   * The kept form of a key. The entity 0 cannot be a key.
   * @throws ArgumentError
   */
  keepKey(value: unknown): unknown {
    if (this.isEntity && value === 0) throw new ArgumentError(this.path, '0 is no entity')
    return this.keep(value)
  }

  /**
   * The game's `value` as its type rounds it. A value that the type cannot represent stays as it is, and equals
   * nothing.
   */
  protected round(value: unknown): unknown {
    if (typeof value === 'string' || typeof value === 'boolean') return value
    try {
      this.type.check(value, this.path)
    } catch {
      return value
    }
    return copyValue(this.type, value)
  }
}

/** The elements of collections that this side may write. */
export class OwnElements extends Elements {
  show(kept: unknown): unknown {
    return this.type.mutable ? freeze(copyValue(this.type, kept)) : kept
  }

  find(value: unknown): unknown {
    return this.isEntity ? value : this.round(value)
  }

  /** @throws ArgumentError when the type cannot represent the value. */
  keep(value: unknown): unknown {
    this.type.check(value, this.path)
    if (this.isEntity || typeof value === 'string' || typeof value === 'boolean') return value
    return freeze(copyValue(this.type, value))
  }

  write(writer: ByteWriter, kept: unknown): void {
    this.type.write(writer, kept)
  }
}

/** A value that contains entities: kept as received, and read again when entities were added or removed. */
class Arrived {
  value: unknown
  version = -1

  constructor(readonly bytes: Uint8Array) {}
}

/** Notes whether a value looked up an entity. */
class Noting implements EntityMapper {
  asked = false

  constructor(private readonly entities: EntityMapper) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    this.asked = true
    return this.entities.entityOf(netId)
  }
}

/** The elements of collections that the server writes, as a client has them. */
export class ReceivedElements extends Elements {
  private readonly noting: Noting
  private readonly again = new ByteReader()

  constructor(
    type: SchemaType<unknown>,
    path: string,
    private readonly entities: ClientEntities,
  ) {
    super(type, path)
    this.noting = new Noting(entities.references)
    this.again.entities = entities.references
  }

  /** Reads a value, and returns the kept form. */
  read(reader: ByteReader): unknown {
    if (this.isEntity) return readNetId(reader)
    const { noting } = this
    const start = reader.offset
    const { entities } = reader
    noting.asked = false
    reader.entities = noting
    const value = this.type.read(reader)
    reader.entities = entities
    return noting.asked ? new Arrived(reader.bytes.slice(start, reader.offset)) : freeze(value)
  }

  /** Returns whether it is an entity that no client can name, which cannot be a key. */
  isUnknown(kept: unknown): boolean {
    return this.isEntity && kept === 0
  }

  show(kept: unknown): unknown {
    if (this.isEntity) return this.entities.references.entityOf(kept as number)
    const value = kept instanceof Arrived ? this.resolve(kept) : kept
    return this.type.mutable ? freeze(copyValue(this.type, value)) : value
  }

  find(value: unknown): unknown {
    if (!this.isEntity) return this.round(value)
    const netId = this.entities.references.netIdOf(value as number)
    return netId === 0 ? NOWHERE : netId
  }

  /** @throws UsageError always: a client may not write the server's collections. */
  keep(): never {
    throw readOnly(this.path)
  }

  write(): never {
    throw readOnly(this.path)
  }

  private resolve(arrived: Arrived): unknown {
    const { again, entities } = this
    if (arrived.version !== entities.version) {
      again.reset(arrived.bytes, 0, arrived.bytes.length)
      arrived.value = freeze(this.type.read(again))
      arrived.version = entities.version
    }
    return arrived.value
  }
}

export function readOnly(path: string): UsageError {
  return new UsageError('read-only', `${path} is the server's; a client reads it, and asks for changes with a command`)
}
