// Checks that each promised behaviour has a test of its name, on every network that it is promised for.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { listCode } from '../../scripts/imports.js'
import { BEHAVIOURS } from '../behaviour/behaviours.js'
import { checkBehaviours, findTests } from './behaviours.js'

const files = new Map(
  ['test/behaviour', 'test/support']
    .flatMap((folder) => listCode(root, folder))
    .map((path) => [path, readFileSync(root + path, 'utf8')]),
)

it('each promised behaviour has a test of its name, also over real WebRTC if it is promised there', () => {
  expect(Object.keys(BEHAVIOURS).slice(0, 48)).toEqual(Array.from({ length: 48 }, (_, i) => String(i + 1)))
  expect(checkBehaviours(BEHAVIOURS, files)).toEqual([])
})

it('a test whose name begins with a number names an existing behaviour', () => {
  // The behaviours of replication follow the listed ones.
  const numbers = [...files].flatMap(([path, text]) =>
    findTests(path, text).map(({ name }) => Number(/^(\d+):/.exec(name)?.[1] ?? 1)),
  )
  expect(numbers.filter((number) => !(number in BEHAVIOURS))).toEqual([])
})

describe('the check of behaviours', () => {
  const behaviours = { 1: { sentence: 'it is', webrtc: true } }
  const check = (tree: Record<string, string>): string[] => checkBehaviours(behaviours, new Map(Object.entries(tree)))
  const body = "export function shared() { describe('1: it is', () => { it.each([1])('%i', () => {}) }) }"

  it('accepts a shared body that both networks run', () => {
    expect(check({ 'a.ts': body, 'a.test.ts': 'shared()', 'a.webrtc.test.ts': 'shared()' })).toEqual([])
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['no test', { 'a.test.ts': "it('1: it was', () => {})" }, /no test has the name/],
    ['two tests', { 'a.webrtc.test.ts': body, 'b.webrtc.test.ts': body }, /name of tests in/],
    [
      'an empty group',
      { 'a.ts': body.replace('it.each', 'of'), 'a.webrtc.test.ts': 'shared()' },
      /no test is in the group/,
    ],
    ['a test that never runs over WebRTC', { 'a.ts': body, 'a.test.ts': 'shared()' }, /not over real WebRTC/],
    ['a test that never runs in memory', { 'a.ts': body, 'a.webrtc.test.ts': 'shared()' }, /not in memory/],
    ['a shared body that no file runs', { 'a.ts': body, 'a.webrtc.test.ts': 'void shared' }, /not over real WebRTC/],
  ])('refuses %s', (_, tree, problem) => {
    expect(check(tree).join('\n')).toMatch(problem)
  })
})
