// Implements SyncMap: a map that notes the operations on it.
import type { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { CollectionKey, SyncMap } from '../../protocol/types/collection-types.js'
import { Collection } from './collection.js'
import type { ReceivedElements } from './elements.js'
import { applied, OperationKind } from './operation-kinds.js'
import { isSameValue } from './values.js'

export class MapCollection extends Collection implements SyncMap<CollectionKey, unknown> {
  private readonly entries = new Map<unknown, unknown>()

  get count(): number {
    return this.entries.size
  }

  get size(): number {
    const { keys } = this.home
    if (!keys.isEntity) return this.entries.size
    let size = 0
    for (const key of this.entries.keys()) if (keys.show(key) !== 0) size++
    return size
  }

  get(key: CollectionKey): unknown {
    const { keys, values } = this.home
    const kept = keys.find(key)
    return this.entries.has(kept) ? values.show(this.entries.get(kept)) : undefined
  }

  has(key: CollectionKey): boolean {
    return this.entries.has(this.home.keys.find(key))
  }

  *keys(): IterableIterator<CollectionKey> {
    for (const [key] of this) yield key
  }

  *values(): IterableIterator<unknown> {
    for (const [, value] of this) yield value
  }

  *[Symbol.iterator](): Iterator<[CollectionKey, unknown]> {
    const { keys, values } = this.home
    for (const [kept, value] of this.entries) {
      const key = keys.show(kept) as CollectionKey
      if (!keys.isEntity || key !== 0) yield [key, values.show(value)]
    }
  }

  set(key: CollectionKey, value: unknown): void {
    this.home.requireWritable()
    const keptKey = this.home.keys.keepKey(key)
    const isNew = !this.entries.has(keptKey)
    if (isNew) this.requireRoom()
    const kept = this.home.values.keep(value)
    if (isNew || !isSameValue(this.entries.get(keptKey), kept)) this.put(keptKey, kept)
  }

  delete(key: CollectionKey): boolean {
    this.home.requireWritable()
    return this.remove(this.home.keys.find(key))
  }

  clear(): void {
    this.home.requireWritable()
    if (this.entries.size > 0) this.empty()
  }

  writeWhole(writer: ByteWriter): void {
    const { keys, values } = this.home
    writer.varint(this.entries.size)
    for (const [key, value] of this.entries) {
      keys.write(writer, key)
      values.write(writer, value)
    }
  }

  readWhole(reader: ByteReader, keys: ReceivedElements, values: ReceivedElements): void {
    const count = reader.varint()
    this.entries.clear()
    for (let i = 0; i < count && !reader.failed; i++) {
      const key = keys.read(reader)
      const value = values.read(reader)
      if (!keys.isUnknown(key)) this.entries.set(key, value)
    }
  }

  apply(kind: OperationKind, _index: number, key: unknown, value: unknown): boolean {
    switch (kind) {
      case OperationKind.Set:
        if (!this.entries.has(key) && this.entries.size >= this.home.type.max) return false
        this.put(key, value)
        return true
      case OperationKind.Remove:
        return this.remove(key)
      default:
        this.empty()
        return true
    }
  }

  private put(key: unknown, value: unknown): void {
    const before = this.entries.get(key)
    const kind = this.entries.has(key) ? OperationKind.Set : OperationKind.Add
    this.entries.set(key, value)
    this.home.record(this, applied(kind, -1, key, before, value))
  }

  private remove(key: unknown): boolean {
    const before = this.entries.get(key)
    if (!this.entries.delete(key)) return false
    this.home.record(this, applied(OperationKind.Remove, -1, key, before))
    return true
  }

  private empty(): void {
    this.entries.clear()
    this.home.record(this, applied(OperationKind.Clear))
  }
}
