// The rules of the built files: the chunks that a browser loads, and what each file may import. Pure, as rules.ts.
import { findImports, isRelative, resolveRelative } from '../../scripts/imports.js'
import { findCycles, reach, wayTo } from './cycles.js'
import { graphOf, isGeckos, isNodeModule, isServerSide, type Files, type Violations } from './rules.js'
import { packageOf } from './layers.js'

/** The packages that may be imported at run time. */
export interface Declared {
  /** Every package of `dependencies` and `peerDependencies`. */
  readonly packages: ReadonlySet<string>
}

/** The built entries that a browser loads, by path from the root. */
export const BROWSER_BUILT: readonly string[] = [
  'dist/index.js',
  'dist/client.js',
  'dist/host.js',
  'dist/authority.js',
  'dist/collections.js',
  'dist/groups.js',
  'dist/interest.js',
  'dist/prefabs.js',
  'dist/requests.js',
  'dist/saves.js',
  'dist/scenes.js',
  'dist/stats.js',
  'dist/transport.js',
  'dist/users.js',
  'dist/components.js',
  'dist/systems.js',
]

/**
 * Node or server code in the chunks of a browser entry, with the way it gets there. The type declarations, given under
 * the names of the code they describe, are checked in the same way: a browser game has no server package installed.
 */
export function checkBrowserChunks(files: Files): Violations {
  const violations: Violations = []
  const graph = graphOf(files, false)
  for (const entry of BROWSER_BUILT) {
    if (!files.has(entry)) {
      violations.push(`${entry} is missing: run \`npm run build\``)
      continue
    }
    const cameFrom = reach(graph, entry)
    for (const path of cameFrom.keys()) {
      for (const { specifier } of findImports(path, files.get(path) ?? '')) {
        if (specifier !== undefined && isServerSide(specifier)) {
          violations.push(`${wayTo(cameFrom, path).join(' → ')} → ${specifier}`)
        }
      }
    }
  }
  return violations
}

/** Imports of a built file that a user's installation could not resolve. */
export function checkBuiltImports(files: Files, declared: Declared): Violations {
  const violations: Violations = []
  const paths = new Set(files.keys())
  for (const [path, text] of files) {
    for (const { specifier, line } of findImports(path, text)) {
      if (specifier === undefined) continue
      if (isRelative(specifier)) {
        if (resolveRelative(path, specifier, paths) === undefined) {
          violations.push(`${path}:${line}: imports ${specifier}, which was not built`)
        }
      } else if (isNodeModule(specifier)) {
        if (!specifier.startsWith('node:')) violations.push(`${path}:${line}: ${specifier} lost its node: prefix`)
      } else if (!declared.packages.has(packageOf(specifier))) {
        violations.push(`${path}:${line}: ${packageOf(specifier)} is neither a dependency nor a peer dependency`)
      }
    }
  }
  return violations
}

/** geckos.io or node-datachannel built into a chunk instead of imported: their code under another name. */
export function checkNotBundled(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    // The bundler names each bundled module in a comment before its code.
    for (const [, module] of text.matchAll(/^\/\/ .*node_modules\/(\S+)/gm)) {
      if (module !== undefined && (isGeckos(module) || packageOf(module) === 'bitecs')) {
        violations.push(`${path}: contains ${packageOf(module)}`)
      }
    }
  }
  return violations
}

/** Chunks that import each other, whose order of execution is undefined. */
export function checkBuiltCycles(files: Files): Violations {
  return findCycles(graphOf(files, true)).map((cycle) => `chunk cycle: ${cycle.join(' → ')}`)
}
