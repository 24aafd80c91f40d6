// geckos.io's own events: what `emit` does with a message and what the other side does to read it, without the network.
import { ParseMessage } from '@geckos.io/common/lib/parseMessage.js'
import { SendMessage } from '@geckos.io/common/lib/sendMessage.js'
import type { FireHandler } from '../limits/call-codec.js'
import type { Shots } from '../limits/shots.js'
import { versionOf } from '../versions.js'

export const GECKOS = `geckos.io ${versionOf('@geckos.io/common', '@geckos.io/common/lib/sendMessage.js')} emit`

/** What a request carries. */
interface Purchase {
  request: number
  entity: number
  x: number
  y: number
  z: number
  power: number
}

/** In place of two data channels: what is sent is read at once by the other side. */
class GeckosChannel {
  readonly handlers = new Map<string, (data: unknown) => void>()
  /** Characters sent, which are bytes here. */
  size = 0

  isOpen(): boolean {
    return true
  }

  sendMessage(text: string): void {
    this.size += text.length
    // On the server, where a message arrives as the argument of an event.
    const { key, data } = ParseMessage({ data: text } as MessageEvent)
    this.handlers.get(key)?.(data)
  }
}

export class GeckosCalls {
  private readonly channel = new GeckosChannel()

  constructor(fire: FireHandler) {
    this.channel.handlers.set('fire', (data) => {
      const { entity, x, y, z, power } = data as Purchase
      fire(entity, x, y, z, power)
    })
  }

  /** Characters sent. */
  get size(): number {
    return this.channel.size
  }

  clear(): void {
    this.channel.size = 0
  }

  /** Emits each call to each receiver; they arrive in microtasks. */
  send({ count, x, y, z, power }: Shots, receivers = 1): void {
    for (let i = 0; i < count; i++) {
      for (let r = 0; r < receivers; r++) {
        SendMessage(this.channel, undefined, 'fire', { entity: 1, x: x[i]!, y: y[i]!, z: z[i]!, power: power[i]! })
      }
    }
  }
}

/** Requests over events: one that asks, one that answers, and a table of the promises that wait. */
export class GeckosRequests {
  private readonly channel = new GeckosChannel()
  private readonly waiting = new Map<number, (left: number) => void>()
  private count = 0
  /** The promise of the last request made. */
  last: Promise<number> = Promise.resolve(0)

  constructor(fire: FireHandler) {
    const { handlers } = this.channel
    handlers.set('buy', (data) => {
      const { request, entity, x, y, z, power } = data as Purchase
      fire(entity, x, y, z, power)
      SendMessage(this.channel, undefined, 'bought', { request, left: power })
    })
    handlers.set('bought', (data) => {
      const { request, left } = data as { request: number; left: number }
      this.waiting.get(request)!(left)
      this.waiting.delete(request)
    })
  }

  get size(): number {
    return this.channel.size
  }

  clear(): void {
    this.channel.size = 0
  }

  send({ count, x, y, z, power }: Shots): void {
    for (let i = 0; i < count; i++) {
      const request = ++this.count
      const args = { request, entity: 1, x: x[i]!, y: y[i]!, z: z[i]!, power: power[i]! }
      SendMessage(this.channel, undefined, 'buy', args)
      this.last = new Promise((resolve) => this.waiting.set(request, resolve))
    }
  }
}
