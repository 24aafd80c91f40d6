// Watches folders and files of the project, and reports what changed in batches.
import { readdirSync, statSync, watch } from 'node:fs'
import { root } from './run.mjs'

/** A batch ends when nothing has changed for this time: editors and git write a file in several steps. */
const REST_MS = 100
/** Folders that builds write into. */
const BUILT = new Set(['dist', 'node_modules'])

/**
 * Changes below some folders and of some files, named from the root. Each folder has its own watcher: Node 20 on Linux
 * loses files that an editor replaces when it watches a whole tree.
 */
export class Changes {
  watchers = new Map()
  /** Paths that changed recently and may still be being written. */
  pending = new Set()
  changed = new Set()
  closed = false

  constructor(folders, files) {
    for (const folder of folders) this.watchFolder(folder)
    this.watchers.set(
      '.',
      watch(root, (_, name) => files.includes(name) && this.add(name)),
    )
  }

  /** Waits for changes and returns their paths, or undefined once closed. */
  async next() {
    while (this.changed.size === 0 && !this.closed) await new Promise((resolve) => (this.wake = resolve))
    if (this.closed) return undefined
    const batch = [...this.changed]
    this.changed.clear()
    return batch
  }

  close() {
    this.closed = true
    for (const watcher of this.watchers.values()) watcher.close()
    clearTimeout(this.timer)
    this.wake?.()
  }

  watchFolder(folder) {
    if (this.watchers.has(folder)) return
    let watcher
    let entries
    try {
      watcher = watch(root + folder, (_, name) => this.changedIn(folder, name))
      entries = readdirSync(root + folder, { withFileTypes: true })
    } catch {
      // The file was removed in the meantime.
      watcher?.close()
      return
    }
    this.watchers.set(folder, watcher)
    watcher.on('error', () => this.unwatch(folder))
    for (const entry of entries) {
      if (entry.isDirectory() && !BUILT.has(entry.name)) this.watchFolder(`${folder}/${entry.name}`)
    }
  }

  unwatch(folder) {
    this.watchers.get(folder)?.close()
    this.watchers.delete(folder)
  }

  changedIn(folder, name) {
    if (name === null || BUILT.has(name)) return
    const path = `${folder}/${name}`
    // A folder may be new, or may have been removed and created again.
    this.unwatch(path)
    if (isFolder(path)) this.watchFolder(path)
    if (!isTemporary(name)) this.add(path)
  }

  add(path) {
    this.pending.add(path)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      for (const each of this.pending) this.changed.add(each)
      this.pending.clear()
      this.wake?.()
    }, REST_MS)
  }
}

function isFolder(path) {
  return statSync(root + path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Whether an editor writes a file beside the one that it saves: `.name.swp`, `name~`, `4913`. */
function isTemporary(name) {
  return name.startsWith('.') || name.endsWith('~') || /^\d+$/.test(name)
}
