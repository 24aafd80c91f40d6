// Implements SyncList: a list that notes the operations on it.
import type { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { SyncList } from '../../protocol/types/collection-types.js'
import { ArgumentError } from '../../protocol/errors.js'
import { Collection } from './collection.js'
import type { ReceivedElements } from './elements.js'
import { applied, OperationKind } from './operation-kinds.js'
import { isSameValue } from './values.js'

export class ListCollection extends Collection implements SyncList<unknown> {
  private readonly items: unknown[] = []

  get count(): number {
    return this.items.length
  }

  get length(): number {
    return this.items.length
  }

  at(index: number): unknown {
    const place = index < 0 ? this.items.length + index : index
    return this.has(place) ? this.home.values.show(this.items[place]) : undefined
  }

  indexOf(value: unknown): number {
    const { values } = this.home
    const wanted = values.find(value)
    // A client keeps entities as net ids, so they are compared in the kept form. All else is compared as the game sees
    // it.
    return this.items.findIndex((kept) => isSameValue(values.isEntity ? kept : values.show(kept), wanted))
  }

  set(index: number, value: unknown): void {
    this.home.requireWritable()
    this.requireIndex(index, this.items.length - 1)
    const kept = this.home.values.keep(value)
    if (!isSameValue(this.items[index], kept)) this.replace(index, kept)
  }

  push(value: unknown): void {
    this.home.requireWritable()
    this.requireRoom()
    this.put(OperationKind.Add, this.items.length, this.home.values.keep(value))
  }

  insert(index: number, value: unknown): void {
    this.home.requireWritable()
    this.requireRoom()
    this.requireIndex(index, this.items.length)
    this.put(OperationKind.Insert, index, this.home.values.keep(value))
  }

  removeAt(index: number): unknown {
    this.home.requireWritable()
    this.requireIndex(index, this.items.length - 1)
    return this.home.values.show(this.remove(index))
  }

  pop(): unknown {
    this.home.requireWritable()
    if (this.items.length === 0) return undefined
    return this.home.values.show(this.remove(this.items.length - 1))
  }

  clear(): void {
    this.home.requireWritable()
    if (this.items.length > 0) this.empty()
  }

  *[Symbol.iterator](): Iterator<unknown> {
    for (let i = 0; i < this.items.length; i++) yield this.home.values.show(this.items[i])
  }

  writeWhole(writer: ByteWriter): void {
    writer.varint(this.items.length)
    for (let i = 0; i < this.items.length; i++) this.home.values.write(writer, this.items[i])
  }

  readWhole(reader: ByteReader, _keys: ReceivedElements, values: ReceivedElements): void {
    const count = reader.varint()
    this.items.length = 0
    for (let i = 0; i < count && !reader.failed; i++) this.items.push(values.read(reader))
  }

  apply(kind: OperationKind, index: number, _key: unknown, value: unknown): boolean {
    const { length } = this.items
    const isFull = length >= this.home.type.max
    switch (kind) {
      case OperationKind.Add:
        if (isFull) return false
        this.put(kind, length, value)
        return true
      case OperationKind.Insert:
        if (isFull || index > length) return false
        this.put(kind, index, value)
        return true
      case OperationKind.Set:
        if (!this.has(index)) return false
        this.replace(index, value)
        return true
      case OperationKind.Remove:
        if (!this.has(index)) return false
        this.remove(index)
        return true
      default:
        this.empty()
        return true
    }
  }

  private has(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.items.length
  }

  private requireIndex(index: number, last: number): void {
    if (Number.isInteger(index) && index >= 0 && index <= last) return
    throw new ArgumentError(this.home.path, `index ${index} is out of range: it holds ${this.items.length}`)
  }

  private put(kind: OperationKind, index: number, kept: unknown): void {
    if (index === this.items.length) this.items.push(kept)
    else this.items.splice(index, 0, kept)
    this.home.record(this, applied(kind, index, undefined, undefined, kept))
  }

  private replace(index: number, kept: unknown): void {
    const before = this.items[index]
    this.items[index] = kept
    this.home.record(this, applied(OperationKind.Set, index, undefined, before, kept))
  }

  private remove(index: number): unknown {
    const [before] = this.items.splice(index, 1)
    this.home.record(this, applied(OperationKind.Remove, index, undefined, before))
    return before
  }

  private empty(): void {
    this.items.length = 0
    this.home.record(this, applied(OperationKind.Clear))
  }
}
