// Stopping on signals: the first asks, the second forces, and Ctrl+C through npm is one.
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type StopSignal, stopOnSignals } from '../../../src/cli/stop.js'

class FakeProcess extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
  send(signal: StopSignal): void {
    this.emit(signal, signal)
  }
}

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s asks to stop', async (signal) => {
    const source = new FakeProcess()
    const stop = stopOnSignals(source, () => 0)
    source.send(signal)
    expect(await stop.requested).toBe(signal)
    expect(source.exits).toEqual([])
  })

  it('that comes again later forces, with the exit code of the signal', () => {
    const source = new FakeProcess()
    let now = 0
    stopOnSignals(source, () => now)
    source.send('SIGINT')
    now = 1000
    source.send('SIGINT')
    source.send('SIGTERM')
    expect(source.exits).toEqual([130, 143])
  })

  it('that comes again hurries, where something is to be hurried, and forces after that', async () => {
    const source = new FakeProcess()
    let now = 0
    const stop = stopOnSignals(source, () => now)
    source.send('SIGTERM')
    await stop.requested
    const hurried = stop.next()
    source.send('SIGTERM')
    now = 1000
    source.send('SIGINT')
    expect(await hurried).toBe('SIGINT')
    expect(source.exits).toEqual([])
    now = 2000
    source.send('SIGTERM')
    expect(source.exits).toEqual([143])
  })

  it('that is not among those named is left to others', () => {
    const source = new FakeProcess()
    stopOnSignals(source, () => 0, ['SIGINT', 'SIGTERM'])
    expect(source.listenerCount('SIGHUP')).toBe(0)
  })

  it('that comes twice in the same breath is one: npm passes on what the terminal has sent', () => {
    const source = new FakeProcess()
    let now = 0
    stopOnSignals(source, () => now)
    source.send('SIGINT')
    now = 20
    source.send('SIGINT')
    expect(source.exits).toEqual([])
  })

  it("is the process's own again afterwards", () => {
    const source = new FakeProcess()
    stopOnSignals(source).dispose()
    expect(source.eventNames()).toEqual([])
  })
})
