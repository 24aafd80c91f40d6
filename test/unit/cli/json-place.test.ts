// Tests where a text stops being JSON, without quoting the text.
import { assert, json, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeOfError } from '../../../src/cli/settings/json-place.js'

describe('the place where a text ceases to be JSON', () => {
  it.each([
    ['', 1, 1],
    ['{ "a": 1, }', 1, 11],
    ['{\n  "a": 1,\n  b: 2\n}', 3, 3],
    ['{ "a": 1 "b": 2 }', 1, 10],
    ['{ "a": [1, 2 }', 1, 14],
    ['{ "a": 01 }', 1, 9],
    ['{ "a": nil }', 1, 8],
    ['{ "a": "two\nlines" }', 1, 8],
    ['{ "a": 1 } x', 1, 12],
    ['{ "a": 1', 1, 9],
    ['// a comment\n{}', 1, 1],
  ])('%j', (text, line, column) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(placeOfError(text)).toEqual({ line, column })
  })

  it('is behind everything that is JSON', () => {
    assert(
      property(json(), (text) => {
        expect(placeOfError(`${text}!`)).toEqual({ line: 1, column: text.length + 1 })
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})
