// Implements a client without a world: it says hello, acknowledges all packets and discards them.
// Many of them cost next to nothing.
import { ClientSession } from '../../src/connection/client/client-session.js'
import { createCounters } from '../../src/connection/counters.js'
import { ErrorLog } from '../../src/connection/error-log.js'
import { PacketBuilder } from '../../src/connection/session.js'
import { SectionKind } from '../../src/protocol/packet.js'
import type { Protocol } from '../../src/protocol/protocol.js'
import { Channel, type Transport } from '../../src/transport/transport.js'

export class LightClient {
  /** Data packets and their bytes, by channel. */
  readonly packets: [reliable: number, unreliable: number] = [0, 0]
  readonly bytes: [reliable: number, unreliable: number] = [0, 0]
  /** Called with every data packet. */
  onPacket: ((channel: Channel, bytes: Uint8Array, length: number) => void) | undefined
  private readonly session: ClientSession
  private readonly reliable = new PacketBuilder(Channel.Reliable)
  private readonly unreliable = new PacketBuilder(Channel.Unreliable)
  private isReady = false

  constructor(
    protocol: Protocol,
    transport: Transport,
    private readonly now: () => number,
  ) {
    const options = { protocol, now, timeout: Infinity, token: '', hasEarlyMessages: false }
    this.session = new ClientSession(
      transport,
      options,
      {
        packet: (channel, bytes, length, time) => {
          this.packets[channel]++
          this.bytes[channel] += length
          this.onPacket?.(channel, bytes, length)
          this.session.readData(channel, bytes, 0, length, time)
        },
        data: (session, _, header) => {
          if (header.completesStructure) session.structureTick = header.tick
          return true
        },
      },
      createCounters(),
      new ErrorLog(),
    )
  }

  /** Its number on the server; 0 before it is admitted. */
  get connectionId(): number {
    return this.session.session?.connectionId ?? 0
  }

  get state(): ClientSession['state'] {
    return this.session.state
  }

  /** Leaves the server. */
  close(): void {
    this.session.close('client-closed', 'enough')
  }

  /** Reads the received packets and acknowledges them. */
  step(): void {
    this.session.receive()
    this.session.maintain()
    const { session, clock } = this.session
    if (session?.state !== 'open') return
    const now = this.now()
    if (!this.isReady) {
      this.isReady = true
      this.reliable.start(session, clock.latest, now, clock.tickMs)
      this.reliable.fit(2)
      this.reliable.writer.u8(SectionKind.Ready)
      this.reliable.writer.u8(1)
      this.reliable.finish()
    }
    this.unreliable.start(session, clock.latest, now, clock.tickMs)
    this.unreliable.finish()
  }
}
