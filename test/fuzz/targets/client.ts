// Attacks the whole client: changes the real packets of its server, and adds many.
import { guessedSections, oneOf, pick, type Random, randomBytes } from '../generate.js'
import { freshen, mutate } from '../engine/mutate.js'
import { layout } from '../engine/recorder.js'
import type { Step } from '../engine/steps.js'
import { Channel } from '../../../src/transport/transport.js'
import { ClientRun } from './client-run.js'
import { recorded } from './hostile-voice.js'
import type { Target } from './target.js'

class HostileServer {
  private thrown = 0
  private held: { channel: Channel; bytes: Uint8Array } | undefined

  constructor(
    private readonly run: ClientRun,
    private readonly random: Random,
    private readonly note: (step: Step) => void,
  ) {
    run.intercept = (channel, bytes) => this.pass(channel, bytes)
  }

  private apply(step: Step): void {
    this.note(step)
    this.run.apply(step)
  }

  private throwBytes(channel: Channel, bytes: Uint8Array): void {
    this.thrown++
    this.apply({ kind: 'packet', line: 0, channel, bytes })
  }

  /** Handles real packets: most pass unchanged, so that there is a state to break. */
  private pass(channel: Channel, bytes: Uint8Array): void {
    const { random } = this
    const fate = random()
    if (fate < 0.08) return
    if (fate < 0.2) {
      return this.throwBytes(channel, mutate(random, layout.take(bytes), oneOf(random, recorded().server).pieces))
    }
    if (fate < 0.24) {
      this.held = { channel, bytes }
      return
    }
    this.throwBytes(channel, bytes)
    if (fate < 0.28) this.throwBytes(channel, bytes)
    if (fate < 0.4 && this.held !== undefined) this.throwBytes(this.held.channel, this.held.bytes)
  }

  throwPackets(inputs: number): void {
    const { random } = this
    while (this.thrown < inputs) {
      for (let i = pick(random, 30); i > 0; i--) this.throwOne()
      if (random() < 0.01) this.apply({ kind: 'cut', line: 0 })
      if (random() < 0.01) this.apply({ kind: 'close', line: 0 })
      this.apply({ kind: 'tick' })
    }
  }

  private throwOne(): void {
    const { random } = this
    const { client, server } = recorded()
    // Frequent close packets would leave no session to break.
    const packet = oneOf(random, random() < 0.95 ? server : client)
    if (packet.bytes[0] === 3 && random() < 0.95) return
    const channel = random() < 0.93 ? packet.channel : oneOf(random, [Channel.Reliable, Channel.Unreliable])
    const sort = random()
    if (sort < 0.04) this.throwBytes(channel, randomBytes(random, 1200))
    else if (sort < 0.08) this.throwBytes(channel, guessedSections(random, this.run.tick))
    else if (sort < 0.12) this.throwBytes(channel, packet.bytes)
    else {
      const pieces = freshen(random, packet.pieces, this.run, 0.5)
      this.throwBytes(channel, mutate(random, pieces, oneOf(random, server).pieces, 0.25))
    }
  }
}

export const clientTarget: Target = {
  name: 'client',
  inputs: 2500,
  begin(seed) {
    recorded()
    return new ClientRun(seed)
  },
  throwAt: (run, random, inputs, note) => new HostileServer(run as ClientRun, random, note).throwPackets(inputs),
}
