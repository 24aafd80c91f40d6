// The rules of the source tree: layers, packages, cycles, the shape of a file. Pure, so that made-up trees test them.
import { builtinModules } from 'node:module'
import { findImports, isRelative, resolveRelative } from '../../scripts/imports.js'
import { findCycles, reach, wayTo, type Graph } from './cycles.js'
import { isGeckosAdapter, isNodeOnly, isTokenAdapter, mayImport, mayUseTools, packageOf, placeOf } from './layers.js'

/** Text of every file, by path from the root with `/`. */
export type Files = ReadonlyMap<string, string>

/** The broken rules, one sentence each, with file and line. */
export type Violations = string[]

/** Lines of code that one file of the library may have. */
export const MAX_LINES = 450

/** Source files that one folder of the library may have, without those of its subfolders. */
export const MAX_FILES = 25

const BARREL = 'systems/index.ts'
const NODE_MODULES = new Set(builtinModules)
/** The entries that a browser loads. */
const BROWSER_ENTRIES = [
  'src/index.ts',
  'src/authority.ts',
  'src/client.ts',
  'src/collections.ts',
  'src/groups.ts',
  'src/host.ts',
  'src/interest.ts',
  'src/prefabs.ts',
  'src/requests.ts',
  'src/saves.ts',
  'src/scenes.ts',
  'src/stats.ts',
  'src/transport.ts',
  'src/users.ts',
  'components/index.ts',
  'systems/index.ts',
]

export function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || NODE_MODULES.has(packageOf(specifier))
}

export function isGeckos(specifier: string): boolean {
  return specifier.startsWith('@geckos.io/') || packageOf(specifier) === 'node-datachannel'
}

/** Checks the imports of the files of `src`, `systems` and `components`. */
export function checkImports(files: Files): Violations {
  const violations: Violations = []
  const paths = new Set(files.keys())
  for (const [path, text] of files) {
    const place = placeOf(path)
    if (place === undefined) violations.push(`${path}: stands in no layer`)
    for (const { specifier, typeOnly, line } of findImports(path, text)) {
      const broken =
        specifier === undefined
          ? checkDynamic(path)
          : isRelative(specifier)
            ? checkRelative(path, specifier, paths)
            : checkPackage(path, specifier, typeOnly)
      if (broken !== undefined) violations.push(`${path}:${line}: ${broken}`)
    }
  }
  return violations
}

function checkDynamic(path: string): string | undefined {
  return mayUseTools(path) ? undefined : 'imports a module that is only known at run time'
}

function checkRelative(path: string, specifier: string, paths: ReadonlySet<string>): string | undefined {
  if (!specifier.endsWith('.js')) return `imports ${specifier}, which does not end in .js`
  const target = resolveRelative(path, specifier, paths)
  if (target === undefined) return `imports ${specifier}, which is no file of src, systems or components`
  const from = placeOf(path)
  const to = placeOf(target)
  // A file in no layer is reported by itself.
  if (from === undefined || to === undefined) return undefined
  if (!mayImport(from, to)) return `${from} must not import ${to} (${target})`
  if (from === 'systems' && to === 'systems' && path !== BARREL) return `a system must not import a system (${target})`
  return undefined
}

function checkPackage(path: string, specifier: string, typeOnly: boolean): string | undefined {
  const place = placeOf(path)
  if (isNodeModule(specifier)) {
    if (!isNodeOnly(path)) return `only the server, the Node client, the command and their adapters use ${specifier}`
    if (!specifier.startsWith('node:')) return `write node:${specifier}`
    return undefined
  }
  if (isGeckos(specifier)) {
    return isGeckosAdapter(path) ? undefined : `only src/transport/geckos-*.ts use ${specifier}`
  }
  if (specifier === 'bitecs') {
    if (place === 'protocol' || place === 'transport') return `${place} must not import bitecs`
    if (place === 'components' && !typeOnly) return 'components import nothing of bitecs but types'
    return undefined
  }
  if (packageOf(specifier) === 'jose') return isTokenAdapter(path) ? undefined : 'only src/auth.ts uses jose'
  return mayUseTools(path) ? undefined : `only the server and the command use packages (${specifier})`
}

/** The imports of each file; `runtimeOnly` leaves out type imports. */
export function graphOf(files: Files, runtimeOnly: boolean): Graph {
  const paths = new Set(files.keys())
  const graph = new Map<string, string[]>()
  for (const [path, text] of files) {
    const targets: string[] = []
    for (const { specifier, typeOnly } of findImports(path, text)) {
      if (specifier === undefined || !isRelative(specifier) || (typeOnly && runtimeOnly)) continue
      const target = resolveRelative(path, specifier, paths)
      if (target !== undefined) targets.push(target)
    }
    graph.set(path, targets)
  }
  return graph
}

/** Every import cycle, type imports included: `a.ts → b.ts → a.ts`. */
export function checkCycles(files: Files): Violations {
  return findCycles(graphOf(files, false)).map((cycle) => `import cycle: ${cycle.join(' → ')}`)
}

/** Node and server code that a browser would load, with the path of imports to it. */
export function checkBrowserReach(files: Files): Violations {
  const violations = new Set<string>()
  const graph = graphOf(files, true)
  for (const entry of BROWSER_ENTRIES) {
    if (!files.has(entry)) continue
    const cameFrom = reach(graph, entry)
    for (const path of cameFrom.keys()) {
      for (const { specifier, typeOnly } of findImports(path, files.get(path) ?? '')) {
        if (typeOnly || specifier === undefined || !isServerSide(specifier)) continue
        violations.add(`${wayTo(cameFrom, path).join(' → ')} → ${specifier}`)
      }
    }
  }
  return [...violations]
}

/** Whether a module must never reach a browser. */
export function isServerSide(specifier: string): boolean {
  if (isNodeModule(specifier) || packageOf(specifier) === 'jose') return true
  return isGeckos(specifier) && packageOf(specifier) !== '@geckos.io/client'
}

/** Checks that the first line (after a shebang) is a comment that says what the file is for. */
export function checkFirstLines(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    const lines = text.split('\n', 2)
    const first = (lines[0]?.startsWith('#!') ? lines[1] : lines[0]) ?? ''
    // Fewer than three words describe nothing.
    if (!/^\/\/ \S+ \S+ \S+/.test(first)) violations.push(`${path}: the first line must say what the file is for`)
  }
  return violations
}

/** Checks that no file is longer than a few screens. */
export function checkLengths(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    const lines = text.replace(/\n$/, '').split('\n').length
    if (lines > MAX_LINES) violations.push(`${path}: ${lines} lines, more than ${MAX_LINES}: is it one thing?`)
  }
  return violations
}

/** Checks that a folder has no more files than a reader can look through. */
export function checkFolders(files: Files): Violations {
  const counts = new Map<string, number>()
  for (const path of files.keys()) {
    const folder = path.slice(0, path.lastIndexOf('/'))
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts]
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder}: ${count} files, more than ${MAX_FILES}: group them by job`)
}

/** The names that an entry exports; each comes from another file by name. */
export function countExports(text: string): number {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from/gm)]
  return lists.flatMap(([, names]) => names!.split(',').filter((name) => name.trim() !== '')).length
}

/** Constants of numbers that are declared in two files with one name and one value: they need one home. */
export function checkConstants(files: Files): Violations {
  const homes = new Map<string, string>()
  const violations: Violations = []
  for (const [path, text] of files) {
    for (const [, name, value] of text.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]+) = ([-0-9(][^\n]*)$/gm)) {
      // Small constants, such as an empty index, may be repeated.
      if (Math.abs(Number(value!.replaceAll('_', ''))) < 100) continue
      const constant = `${name} = ${value}`
      const home = homes.get(constant)
      if (home === undefined) homes.set(constant, path)
      else if (home !== path) violations.push(`${path}: ${constant} is declared in ${home} too`)
    }
  }
  return violations
}

/** The longest line, in characters. */
export const MAX_COLUMNS = 120

/** Checks that no line, of code or of a comment, is longer than the limit. */
export function checkWidths(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    for (const [i, line] of text.split('\n').entries()) {
      if (line.length > MAX_COLUMNS) violations.push(`${path}:${i + 1}: ${line.length} columns`)
    }
  }
  return violations
}
