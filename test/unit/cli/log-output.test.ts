// The log's way out: what cannot be written is lost, and nothing else.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createLog } from '../../../src/cli/log.js'
import { createLogOutput, type WriteBytes } from '../../../src/cli/log-output.js'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/**
 * Writes in steps: how many bytes each takes at most, or the code of its failure. When they are used up, everything.
 */
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

afterEach(() => {
  vi.useRealTimers()
})

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

  it('starts a new line after one that was cut short', () => {
    const { text, write } = scripted(3, 'ENOSPC', 'ENOSPC')
    const output = createLogOutput(1, write)
    output.write('first\n')
    output.write('second\n')
    output.write('third\n')
    output.write('fourth\n')
    expect(text()).toBe('fir\nthird\nfourth\n')
  })

  it('writes what a full pipe did not take when it is read again, in order', () => {
    vi.useFakeTimers()
    const { text, write } = scripted(2, 'EAGAIN', 'EAGAIN', 2)
    const output = createLogOutput(1, write)
    output.write('first\n')
    output.write('second\n')
    expect(text()).toBe('fi')
    vi.advanceTimersByTime(20)
    expect(text()).toBe('fi')
    vi.advanceTimersByTime(20)
    expect(text()).toBe('first\nsecond\n')
  })

  it('does not block when its pipe is not read, and keeps at most a mebibyte', () => {
    vi.useFakeTimers()
    let tries = 0
    let isRead = false
    let text = ''
    const output = createLogOutput(1, (_fd, bytes) => {
      tries++
      if (!isRead) throw failure('EAGAIN')
      text += Buffer.from(bytes).toString()
      return bytes.length
    })
    const line = `${'x'.repeat(999)}\n`
    const start = performance.now()
    for (let i = 0; i < 5000; i++) output.write(line)
    expect(performance.now() - start).toBeLessThan(1)
    expect(tries).toBe(1)
    isRead = true
    vi.advanceTimersByTime(20)
    output.write('last\n')
    expect(text).toBe(`${line.repeat(1048)}last\n`)
  })

  it('writes what waits when the process exits, without waiting long', () => {
    vi.useFakeTimers()
    const before = process.listeners('exit')
    const { text, write } = scripted('EAGAIN', 'EAGAIN')
    createLogOutput(1, write).write('the reason\n')
    for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener.call(process, 0)
    expect(text()).toBe('the reason\n')
    expect(process.listeners('exit')).toEqual(before)
  })
})
