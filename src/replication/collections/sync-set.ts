// Implements SyncSet: a set that notes the operations on it.
import type { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { CollectionKey, SyncSet } from '../../protocol/types/collection-types.js'
import { Collection } from './collection.js'
import type { ReceivedElements } from './elements.js'
import { applied, OperationKind } from './operation-kinds.js'

export class SetCollection extends Collection implements SyncSet<CollectionKey> {
  private readonly members = new Set<unknown>()

  get count(): number {
    return this.members.size
  }

  get size(): number {
    const { keys } = this.home
    if (!keys.isEntity) return this.members.size
    let size = 0
    for (const member of this.members) if (keys.show(member) !== 0) size++
    return size
  }

  has(value: CollectionKey): boolean {
    return this.members.has(this.home.keys.find(value))
  }

  *[Symbol.iterator](): Iterator<CollectionKey> {
    const { keys } = this.home
    for (const kept of this.members) {
      const member = keys.show(kept) as CollectionKey
      if (!keys.isEntity || member !== 0) yield member
    }
  }

  add(value: CollectionKey): boolean {
    this.home.requireWritable()
    const kept = this.home.keys.keepKey(value)
    if (this.members.has(kept)) return false
    this.requireRoom()
    this.put(kept)
    return true
  }

  delete(value: CollectionKey): boolean {
    this.home.requireWritable()
    return this.remove(this.home.keys.find(value))
  }

  clear(): void {
    this.home.requireWritable()
    if (this.members.size > 0) this.empty()
  }

  writeWhole(writer: ByteWriter): void {
    writer.varint(this.members.size)
    for (const member of this.members) this.home.keys.write(writer, member)
  }

  readWhole(reader: ByteReader, keys: ReceivedElements): void {
    const count = reader.varint()
    this.members.clear()
    for (let i = 0; i < count && !reader.failed; i++) {
      const member = keys.read(reader)
      if (!keys.isUnknown(member)) this.members.add(member)
    }
  }

  apply(kind: OperationKind, _index: number, key: unknown): boolean {
    switch (kind) {
      case OperationKind.Add:
        if (this.members.has(key) || this.members.size >= this.home.type.max) return false
        this.put(key)
        return true
      case OperationKind.Remove:
        return this.remove(key)
      default:
        this.empty()
        return true
    }
  }

  private put(member: unknown): void {
    this.members.add(member)
    this.home.record(this, applied(OperationKind.Add, -1, member))
  }

  private remove(member: unknown): boolean {
    if (!this.members.delete(member)) return false
    this.home.record(this, applied(OperationKind.Remove, -1, member))
    return true
  }

  private empty(): void {
    this.members.clear()
    this.home.record(this, applied(OperationKind.Clear))
  }
}
