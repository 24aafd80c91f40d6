// Checks the documents: every linked file and heading exists, and every named test exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { findTests } from './behaviours.js'
import { headingNames, relativeLinks, tableRows } from './markdown.js'

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

const read = (path: string): string => readFileSync(root + path, 'utf8')

const links = pages.flatMap((page) =>
  relativeLinks(read(page)).map(({ text, path, heading }) => ({
    page,
    text,
    target: path === '' ? page : join(dirname(page), path),
    heading,
  })),
)

/** The files that define attacks, each of which is a test. */
const ATTACKS = /^test\/attacks\/(?!.*\.test\.ts$)/

function namesIn(path: string): string[] {
  if (ATTACKS.test(path)) return [...read(path).matchAll(/^ {2,4}name: '(.*)',$/gm)].map(([, name]) => name!)
  return findTests(path, read(path)).map(({ name }) => name)
}

/** A quote may leave out the numbers of behaviours before a name. */
const withoutNumber = (name: string): string => name.replace(/^[\d, ]+: /, '')

describe('the documents', () => {
  it('link only to existing files and headings', () => {
    expect(links.length).toBeGreaterThan(100)
    const lost = links.filter(({ target, heading }) => {
      if (!existsSync(join(root, target))) return true
      return heading !== '' && !headingNames(read(target)).has(heading)
    })
    expect(lost.map(({ page, target, heading }) => `${page}: ${target}#${heading}`)).toEqual([])
  })

  it('name only existing tests: the text of a link to a test file begins the name of one test or group', () => {
    const named = new Map<string, string[]>()
    const wrong: string[] = []
    for (const { page, text, target } of links) {
      if (!/^test\/.*\.ts$/.test(target)) continue
      const names = named.get(target) ?? namesIn(target)
      named.set(target, names)
      const found = names.filter((name) => name.startsWith(text) || withoutNumber(name).startsWith(text)).length
      if (found !== 1) wrong.push(`${page}: ${target} has ${found} tests that begin with "${text}"`)
    }
    expect(named.size).toBeGreaterThan(10)
    expect(wrong).toEqual([])
  })

  it('name a test for every feature in docs/mirror.md', () => {
    const rows = tableRows(read('docs/mirror.md'), 'proved by')
    expect(rows.length).toBeGreaterThan(40)
    const unproved = rows.filter(
      (row) => !relativeLinks(row.get('proved by')!).some(({ path }) => path.endsWith('.ts')),
    )
    expect(unproved.map((row) => [...row.values()][0])).toEqual([])
  })

  it('name a test for every attack in SECURITY.md', () => {
    const rows = tableRows(read('SECURITY.md'), 'the test')
    expect(rows.length).toBeGreaterThan(20)
    const unproved = rows.filter((row) => !relativeLinks(row.get('the test')!).some(({ path }) => path.endsWith('.ts')))
    expect(unproved.map((row) => row.get('attack'))).toEqual([])
  })
})
