// Finds the test files that use only public names of the library, so that they can run against dist as well.
//
// A test that reaches into the sources, itself or through a helper, would meet two copies of the library there: the
// built one and the sources, with two sets of symbols and components.
import { readFileSync } from 'node:fs'
import { findImports, isRelative, listCode, resolveRelative } from './imports.js'
import { root } from './entries.js'

const SOURCES = ['src', 'systems', 'components']
/**
 * Over real WebRTC a selection is enough: the transports are the same code in the sources and in dist. The tests of the
 * command, the end-to-end tests and the browser tests run on dist anyway.
 */
const OVER_WEBRTC = /\.webrtc\.test\.ts$/
const CHOICE = /\/remote-actions\.webrtc\.test\.ts$/
/** The model's five hundred seeds find nothing new there either. */
const LEFT_OUT = /\/model(-more)?\.test\.ts$/

/** How a test reaches the sources: the files on the way, the test first. Empty when it never does. */
export type Route = readonly string[]

/** Returns for every test file under `folders` (`test/unit`) its route into the sources. */
export function routesIntoSources(folders: readonly string[]): Map<string, Route> {
  const sources = new Set(SOURCES.flatMap((folder) => listCode(root, folder)))
  const helpers = new Set(listCode(root, 'test'))
  const paths = new Set([...sources, ...helpers])
  const nextOf = new Map<string, string[]>()
  for (const path of helpers) {
    const next: string[] = []
    for (const { specifier, typeOnly } of findImports(path, readFileSync(root + path, 'utf8'))) {
      const target =
        typeOnly || specifier === undefined || !isRelative(specifier)
          ? undefined
          : resolveRelative(path, specifier, paths)
      if (target !== undefined) next.push(target)
    }
    nextOf.set(path, next)
  }
  const routes = new Map<string, Route>()
  for (const path of helpers) {
    if (!path.endsWith('.test.ts') || !folders.some((folder) => path.startsWith(`${folder}/`))) continue
    routes.set(path, findRoute(path, nextOf, sources))
  }
  return routes
}

function findRoute(start: string, nextOf: ReadonlyMap<string, readonly string[]>, goal: ReadonlySet<string>): Route {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]])
  for (const path of cameFrom.keys()) {
    if (goal.has(path)) {
      const route: string[] = []
      for (let at: string | undefined = path; at !== undefined; at = cameFrom.get(at)) route.unshift(at)
      return route
    }
    for (const next of nextOf.get(path) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, path)
  }
  return []
}

/** Returns the test files that may run against dist. */
export function publicTests(): string[] {
  return [...routesIntoSources(['test/behaviour', 'test/unit'])]
    .filter(([path, route]) => route.length === 0 && isChosen(path))
    .map(([path]) => path)
}

function isChosen(path: string): boolean {
  return OVER_WEBRTC.test(path) ? CHOICE.test(path) : !LEFT_OUT.test(path)
}
