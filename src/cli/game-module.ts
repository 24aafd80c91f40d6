// Loads a game module, TypeScript or JavaScript, and checks its exports.
import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import * as bitecs from 'bitecs'
import { createJiti } from 'jiti'
import type { Protocol } from '../protocol/protocol.js'
import type { System } from '../world/loop.js'
import type { ClientWorld, ServerWorld } from '../world/state.js'
import { checkGameOptions, type GameOptions } from './game-options.js'
import { isRate } from './settings/kinds.js'
import { firstLine, UserError } from './user-error.js'

/** The exports of a module for `serve`. */
export interface ServerGame {
  readonly protocol: Protocol
  /** Run in every tick, between receiving and sending. */
  readonly systems: readonly System<ServerWorld>[]
  /** Ticks per second, from 1 to 1,000. Default 20. */
  readonly tickRate?: number
  /**
   * Options of `listen`, such as `authenticate` and limits. The operator's settings override them, and only the
   * operator sets where the server listens.
   */
  readonly options?: GameOptions
  /** Prepares the world, before clients can connect. */
  readonly setup?: (world: ServerWorld) => void | Promise<void>
}

/** The exports of a module for `bots`. */
export interface BotGame {
  readonly protocol: Protocol
  /** Makes the systems of one bot; bots are numbered from 0. */
  readonly createBot: (world: ClientWorld, index: number) => readonly System<ClientWorld>[]
  /** Steps per second, from 1 to 1,000. Default 20. */
  readonly rate?: number
}

/** The exports of a module for `bench`. */
export interface BenchGame {
  readonly protocol: Protocol
}

type Exports = Readonly<Record<string, unknown>>

/** The kinds of values that an export may be required to have. */
const KINDS = {
  protocol: { what: 'a protocol made by defineProtocol', test: isProtocol },
  systems: { what: 'an array of functions', test: isSystems },
  function: { what: 'a function', test: (value: unknown) => typeof value === 'function' },
  rate: { what: 'a number from 1 to 1000', test: isRate },
  object: { what: 'an object of options for listen', test: isListenOptions },
} as const

/** Server and game must share one copy of these packages. Otherwise neither sees the components of the other. */
const SHARED_PACKAGES = ['bitecs-net', 'bitecs']

/** Loads a module for `serve`. @throws UserError with one sentence about what to do. */
export async function loadServerGame(path: string): Promise<ServerGame> {
  return checkServerGame(await loadModule(path), path)
}

/** Loads a module for `bots`. @throws UserError with one sentence about what to do. */
export async function loadBotGame(path: string): Promise<BotGame> {
  return checkBotGame(await loadModule(path), path)
}

/** Loads a module for `bench`. @throws UserError with one sentence about what to do. */
export async function loadBenchGame(path: string): Promise<BenchGame> {
  const exports = await loadModule(path)
  need(exports, path, 'protocol', 'protocol')
  return exports as unknown as BenchGame
}

/** @throws UserError that names what is missing or of the wrong kind. */
export function checkServerGame(exports: Exports, path: string): ServerGame {
  need(exports, path, 'protocol', 'protocol')
  need(exports, path, 'systems', 'systems')
  allow(exports, path, 'tickRate', 'rate')
  allow(exports, path, 'setup', 'function')
  allow(exports, path, 'options', 'object')
  checkGameOptions(exports['options'] ?? {}, path)
  return exports as unknown as ServerGame
}

/** @throws UserError that names what is missing or of the wrong kind. */
export function checkBotGame(exports: Exports, path: string): BotGame {
  need(exports, path, 'protocol', 'protocol')
  need(exports, path, 'createBot', 'function')
  allow(exports, path, 'rate', 'rate')
  return exports as unknown as BotGame
}

function need(exports: Exports, path: string, name: string, kind: keyof typeof KINDS): void {
  if (exports[name] !== undefined) return allow(exports, path, name, kind)
  const names = Object.keys(exports).filter((key) => key !== '__esModule')
  const found = names.length === 0 ? 'nothing' : names.join(', ')
  throw new UserError(`${path} must export ${name}, ${KINDS[kind].what}; it exports ${found}`)
}

function allow(exports: Exports, path: string, name: string, kind: keyof typeof KINDS): void {
  const value = exports[name]
  if (value === undefined || KINDS[kind].test(value)) return
  throw new UserError(`the export ${name} of ${path} must be ${KINDS[kind].what}, not ${describe(value)}`)
}

function describe(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) {
    const wrong = value.findIndex((item) => typeof item !== 'function')
    return wrong < 0 ? 'an array' : `an array with ${describe(value[wrong])} at ${wrong}`
  }
  return typeof value === 'object' ? 'an object' : typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
}

function isSystems(value: unknown): boolean {
  return Array.isArray(value) && value.every((system) => typeof system === 'function')
}

function isListenOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !['port', 'host', 'server'].some((key) => key in value)
}

function isProtocol(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { componentList, definitions, hashHigh } = value as Partial<Protocol>
  return Array.isArray(componentList) && Array.isArray(definitions) && typeof hashHigh === 'number'
}

async function loadModule(path: string): Promise<Exports> {
  const file = findFile(path)
  // The cache would be in a folder that every user of the machine may write to.
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    tryNative: false,
    // Where a game's folder has no bitECS, the loader would fall back to the CommonJS copy in ours.
    virtualModules: { bitecs },
  })
  for (const name of SHARED_PACKAGES) checkCopy(name, file)
  try {
    return await jiti.import<Exports>(file)
  } catch (error) {
    throw new UserError(`cannot load ${place(error, file)}: ${firstLine(error)}`, { cause: error })
  }
}

function findFile(path: string): string {
  const file = resolve(path)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new UserError(`the game module does not exist: ${file}`)
  if (!found.isFile()) throw new UserError(`${file} is not a file: pass the path of the game module itself`)
  return realpathSync(file)
}

/** The file and line that threw, as far as the stack shows them; otherwise the game module. */
function place(error: unknown, file: string): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  for (const [, at] of stack.matchAll(/^\s+at .*?\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/gm)) {
    const where = at!.startsWith('file:') ? decodeURI(at!.slice('file://'.length)) : at!
    if (where.startsWith(file)) return where
  }
  return file
}

/**
 * Checks that the game gets this command's copies of the library and of bitECS. It does not when the command is
 * installed globally and the game has its own copy.
 */
function checkCopy(name: string, file: string): void {
  const own = resolveCopy(name, import.meta.url)
  const theirs = resolveCopy(name, file)
  if (own === undefined || theirs === undefined || own === theirs) return
  throw new UserError(
    `${file} uses another copy of ${name} (${theirs}) than this command (${own}): ` +
      'run the bitecs-net that is installed beside the game, with npx',
  )
}

function resolveCopy(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    // The game does not use the package, or loading it will report that it is missing.
    return undefined
  }
}
