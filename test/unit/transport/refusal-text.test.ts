// Tests the text of a refusal: it is read from any answer without a throw, and is never longer than a reason may be.
import { describe, expect, it } from 'vitest'
import { boundRefusal, readRefusal } from '../../../src/transport/geckos/refusal-text.js'

function answer(body: string, status = 403, type = 'application/json'): Response {
  return new Response(body, { status, headers: { 'content-type': type } })
}

describe('a refusal', () => {
  it('is read from an answer that refuses', async () => {
    expect(await readRefusal(answer('{"code":"banned","text":"bye"}'))).toEqual({ code: 'banned', text: 'bye' })
  })

  it.each([
    ['text', answer('not authorized', 401, 'text/plain')],
    ['no JSON', answer('{')],
    ['null', answer('null')],
    ['a list', answer('[1]')],
    ['no text', answer('{"code":"x"}')],
    ['a number as the text', answer('{"code":"x","text":1}')],
    ['a code that is none', answer('{"code":"a b","text":"x"}')],
    ['no end', answer(`{"code":"x","text":"${'y'.repeat(10_000)}"}`)],
    ['a success', answer('{"code":"x","text":"y"}', 200)],
  ])('is not found in %s', async (_, response) => {
    expect(await readRefusal(response)).toBeUndefined()
  })

  it('is bounded where it is written', () => {
    const { code, text } = boundRefusal({ code: 'x\r\ny', text: '猫'.repeat(1000) })
    expect([code, new TextEncoder().encode(text).length <= 512, text.length > 100]).toEqual(['refused', true, true])
  })
})
