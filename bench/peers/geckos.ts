// geckos.io's own events: what `emit` does with a message and what the other side does to read it, without the network.
import { ParseMessage } from '@geckos.io/common/lib/parseMessage.js'
import { SendMessage } from '@geckos.io/common/lib/sendMessage.js'
import type { FireHandler } from '../limits/call-codec.js'
import { versionOf } from '../versions.js'

export const GECKOS = `geckos.io ${versionOf('@geckos.io/common', '@geckos.io/common/lib/sendMessage.js')} emit`

export class GeckosCalls {
  private readonly handlers = new Map<string, (data: unknown) => void>()
  /** Characters sent, which are bytes here. */
  size = 0
  /** In place of a data channel: what is sent is read at once. */
  private readonly channel = {
    isOpen: () => true,
    sendMessage: (text: string) => {
      this.size += text.length
      // On the server, where a message arrives as the argument of an event.
      const { key, data } = ParseMessage({ data: text } as MessageEvent)
      this.handlers.get(key)?.(data)
    },
  }

  constructor(fire: FireHandler) {
    this.handlers.set('fire', (data) => {
      const { entity, x, y, z, power } = data as Record<'entity' | 'x' | 'y' | 'z' | 'power', number>
      fire(entity, x, y, z, power)
    })
  }

  /** Emits one call; it arrives in a microtask. */
  emit(entity: number, x: number, y: number, z: number, power: number): void {
    SendMessage(this.channel, undefined, 'fire', { entity, x, y, z, power })
  }
}
