// Finds the layer of a file, and lists what each layer may import. The rules themselves are in rules.ts.

/**
 * The layers from the bottom up: a file may import its own layer and every layer before it. `entry` is what users and
 * the command import: the files right under `src`, with their folders.
 */
export const LAYERS = [
  'protocol',
  'transport',
  'connection',
  'replication',
  'remote',
  'world',
  'systems',
  'verbs',
  'entry',
] as const
export type Layer = (typeof LAYERS)[number]

/** `components` stand beside the layers: data that everything from `replication` on may use. */
export type Place = Layer | 'components'

const ENTRY_FOLDERS = new Set(['server', 'client', 'cli', 'testing'])

/** The layer of a file, by its path from the root; undefined if it is in none. */
export function placeOf(path: string): Place | undefined {
  const [top, second, third] = path.split('/')
  if (top === 'components' || top === 'systems') return top
  if (top !== 'src' || second === undefined) return undefined
  if (third === undefined || ENTRY_FOLDERS.has(second)) return 'entry'
  return LAYERS.find((layer) => layer === second && layer !== 'systems' && layer !== 'entry')
}

/** Whether a file of one place may import a file of the other. */
export function mayImport(from: Place, to: Place): boolean {
  if (from === to) return true
  if (from === 'components') return false
  if (to === 'components') return LAYERS.indexOf(from) >= LAYERS.indexOf('replication')
  return LAYERS.indexOf(to) < LAYERS.indexOf(from)
}

/** The adapters: the only files that may import geckos.io and node-datachannel. */
export function isGeckosAdapter(path: string): boolean {
  return /^src\/transport\/geckos\/geckos-[^/]+\.ts$/.test(path)
}

/** The files that run in Node alone, and so may import its modules. */
export function isNodeOnly(path: string): boolean {
  return (
    /^src\/(server|node-client|auth|cli)\.ts$/.test(path) ||
    /^src\/(server|cli)\//.test(path) ||
    /^src\/transport\/geckos\/geckos-(server|node)[^/]*\.ts$/.test(path) ||
    isSignalling(path)
  )
}

/** The signalling in front of geckos, which uses HTTP only. */
function isSignalling(path: string): boolean {
  return /^src\/transport\/signalling\/[^/]+\.ts$/.test(path)
}

/**
 * The files that may use a package other than bitecs, geckos.io and node-datachannel: the headless server and command.
 */
export function mayUseTools(path: string): boolean {
  return /^src\/(server|cli)(\.ts$|\/)/.test(path)
}

/** The only file that knows of JSON Web Tokens. */
export function isTokenAdapter(path: string): boolean {
  return path === 'src/auth.ts'
}

/** The name of the package that an import asks for: `@geckos.io/client` of `@geckos.io/client/lib/x`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
}
