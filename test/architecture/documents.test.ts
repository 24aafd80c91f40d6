// Holds the documents to what they point at: every file is there, and every test that a page names exists.
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

/** Where attacks are defined, each of which is a test for itself. */
const ATTACKS = /^test\/attacks\/(?!.*\.test\.ts$)/

function namesIn(path: string): string[] {
  if (ATTACKS.test(path)) return [...read(path).matchAll(/^ {2,4}name: '(.*)',$/gm)].map(([, name]) => name!)
  return findTests(path, read(path)).map(({ name }) => name)
}

/** The numbers of behaviours stand before a name, and may be left out. */
const withoutNumber = (name: string): string => name.replace(/^[\d, ]+: /, '')

describe('the documents', () => {
  it('link to what is there: files, and headings in them', () => {
    expect(links.length).toBeGreaterThan(100)
    const lost = links.filter(({ target, heading }) => {
      if (!existsSync(join(root, target))) return true
      return heading !== '' && !headingNames(read(target)).has(heading)
    })
    expect(lost.map(({ page, target, heading }) => `${page}: ${target}#${heading}`)).toEqual([])
  })

  it('name tests that exist: a link to a file of tests is the beginning of the name of one, or of a group', () => {
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

  it('From Mirror: every feature names the test that proves it', () => {
    const rows = tableRows(read('docs/mirror.md'), 'proved by')
    expect(rows.length).toBeGreaterThan(40)
    const unproved = rows.filter(
      (row) => !relativeLinks(row.get('proved by')!).some(({ path }) => path.endsWith('.ts')),
    )
    expect(unproved.map((row) => [...row.values()][0])).toEqual([])
  })

  it('SECURITY.md: every attack names the test that shows what stops it', () => {
    const rows = tableRows(read('SECURITY.md'), 'the test')
    expect(rows.length).toBeGreaterThan(20)
    const unproved = rows.filter((row) => !relativeLinks(row.get('the test')!).some(({ path }) => path.endsWith('.ts')))
    expect(unproved.map((row) => row.get('attack'))).toEqual([])
  })
})
