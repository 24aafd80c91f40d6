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

  it('forces the end when it arrives a second time, with its exit code', () => {
    const source = new FakeProcess()
    let now = 0
    stopOnSignals(source, () => now)
    source.send('SIGINT')
    now = 1000
    source.send('SIGINT')
    source.send('SIGTERM')
    expect(source.exits).toEqual([130, 143])
  })

  it('ends the drain when it arrives a second time, and forces the end after that', async () => {
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

  it('that is not listed is left to other handlers', () => {
    const source = new FakeProcess()
    stopOnSignals(source, () => 0, ['SIGINT', 'SIGTERM'])
    expect(source.listenerCount('SIGHUP')).toBe(0)
  })

  it('counts once when it arrives twice at the same moment, because npm passes on the terminal’s', () => {
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
