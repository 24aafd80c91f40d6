// Keeps the state of the data packet that a client is reading, and what must outlive it.
import { ByteReader } from '../../protocol/bytes.js'
import { CallSection } from '../../remote/inbound-calls.js'
import { PartSection } from '../../remote/message-parts.js'
import { HeldPackets } from '../../replication/client/held-packets.js'

/** The client reuses one of these for all packets, so that reading allocates nothing. */
export class PacketReading {
  /** Scratch: the section that is being read. */
  readonly section = new CallSection()
  readonly part = new PartSection()

  /** The server tick that sent it. */
  tick = 0
  /** Offset of its first section, while it is checked. */
  packetStart = 0
  /** Offset of the section that is being applied. */
  sectionStart = 0
  /** Whether one of its sections contradicts what the server sent before. */
  isMalformed = false
  /** Whether one of its sections had values. */
  hasValues = false

  /** Offset at which to continue a reliable packet that paused in an earlier frame; -1: it is new. */
  resumeAt = -1
  /** Offset at which the packet has paused until the game has seen the calls before it; -1: it has not. */
  pausedAt = -1
  /** Whether a queued packet is only searched for replies. */
  notesReplies = false

  /** Whether calls, messages or replies arrived that no system has had the chance to see. */
  hasNews = false
  /** Values that arrived before the structure that they need. */
  readonly held = new HeldPackets()
  readonly heldReader = new ByteReader()
}
