// The log's way out: what cannot be written is lost, and nothing else.
import { describe, expect, it } from 'vitest'
import { createLog } from '../../../src/cli/log.js'
import { createLogOutput, type WriteBytes } from '../../../src/cli/log-output.js'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** Writes in steps: how many bytes each takes at most, or the code of its failure. When they are used up, everything. */
function scripted(...steps: (number | string)[]): { text: () => string; write: WriteBytes } {
  let text = ''
  const write: WriteBytes = (_fd, bytes) => {
    const step = steps.shift() ?? Infinity
    if (typeof step === 'string') throw failure(step)
    const taken = bytes.subarray(0, step)
    text += Buffer.from(taken).toString()
    return taken.length
  }
  return { text: () => text, write }
}

describe('the log', () => {
  it.each(['ENOSPC', 'EIO', 'EPIPE', 'EBADF'])('goes on when a line cannot be written (%s)', (code) => {
    for (const logFormat of ['json', 'pretty'] as const) {
      const { text, write } = scripted(code)
      const log = createLog({ logLevel: 'info', logFormat }, createLogOutput(1, write))
      log.info('one')
      log.info('two')
      expect(text()).not.toContain('one')
      expect(text()).toMatch(/two.*\n$/)
    }
  })

  it('begins a line anew behind one that was cut short', () => {
    const { text, write } = scripted(3, 'ENOSPC', 'ENOSPC')
    const output = createLogOutput(1, write)
    output.write('first\n')
    output.write('second\n')
    output.write('third\n')
    output.write('fourth\n')
    expect(text()).toBe('fir\nthird\nfourth\n')
  })

  it('waits for a pipe that is full, and not for ever', () => {
    const { text, write } = scripted(2, 'EAGAIN', 'EAGAIN', 2)
    createLogOutput(1, write).write('first\n')
    expect(text()).toBe('first\n')
    const { text: nothing, write: never } = scripted(...Array.from({ length: 12 }, () => 'EAGAIN'))
    const output = createLogOutput(1, never)
    output.write('first\n')
    output.write('second\n')
    expect(nothing()).toBe('second\n')
  })
})
