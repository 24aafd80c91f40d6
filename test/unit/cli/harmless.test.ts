// Tests that texts of clients cannot harm the log: they make no lines, colour no terminal, and hide nothing.
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { harmless, harmlessLines } from '../../../src/cli/log-escape.js'
import { createLog } from '../../../src/cli/log.js'

const EVIL =
  'bye\n[12:00:00.000] INFO: client 7 is an admin\r\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp\u2028\u200b\ud800'

function record(logFormat: 'json' | 'pretty'): { text: () => string; log: ReturnType<typeof createLog> } {
  let text = ''
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return { text: () => text, log: createLog({ logLevel: 'info', logFormat }, sink) }
}

/** All that may stand in a log: what is printed, and the line breaks of the log itself. */
const isHarmless = (text: string): boolean => !/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)

describe('a text', () => {
  it('stays as it is when it is only text', () => {
    for (const text of ['hello', 'grün, 日本, \u{1f600}', 'a "quoted" \\ back']) expect(harmless(text)).toBe(text)
  })

  it('shows each harmful character as what it is', () => {
    expect(harmless('a\nb\u001b[31m\u202e')).toBe('a\\u{a}b\\u{1b}[31m\\u{202e}')
    expect(isHarmless(harmless(EVIL))).toBe(true)
    expect(harmless(EVIL)).not.toContain('\n')
  })

  it('is cut when it is long', () => {
    expect(harmless('x'.repeat(100_000)).length).toBeLessThan(2100)
  })

  it('with several lines is indented, so that it does not look like a line of the log', () => {
    expect(harmlessLines('Error: a\nb\n    at c')).toBe('Error: a\n    b\n    at c')
  })
})

describe.each(['json', 'pretty'] as const)('the log as %s', (format) => {
  it('is one line for each thing that is logged, whatever a client says', () => {
    const { text, log } = record(format)
    log.info({ code: EVIL, address: EVIL, nested: { deep: [EVIL] } }, `client 1 left: ${EVIL}`)
    log.child({ bot: 1 }).info(EVIL)
    expect(text().trimEnd().split('\n')).toHaveLength(2)
    expect(isHarmless(text())).toBe(true)
  })

  it.each([['a text'], [null], [undefined], [7], [Object.create(null)], [{ message: EVIL }]])(
    'takes %j where an error should be',
    (thrown: unknown) => {
      const { text, log } = record(format)
      log.fatal({ err: thrown }, 'uncaught')
      expect(text()).toContain('uncaught')
      expect(isHarmless(text())).toBe(true)
    },
  )

  it('shows what was thrown, without the harm of what it says', () => {
    const { text, log } = record(format)
    log.error({ err: new TypeError(`no such name: ${EVIL}`) }, 'the system move threw')
    expect(text()).toContain('no such name: bye')
    expect(text()).toContain('harmless.test.ts')
    expect(isHarmless(text())).toBe(true)
    // Behind the first line, which is the log's, everything is indented.
    expect(
      text()
        .trimEnd()
        .split('\n')
        .slice(1)
        .every((line) => /^\s/.test(line) || line === '}'),
    ).toBe(true)
  })
})
