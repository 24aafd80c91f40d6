// Defines the sizes that both sides agree on. They are part of the wire format: docs/protocol.md lists them.

/**
 * The largest unreliable packet, in bytes. QUIC expects every path to carry 1,200 bytes (RFC 9000 §14), and WebRTC
 * adds about 50. SCTP splits a packet above the path's limit in two, which doubles the cost of sending.
 */
export const MAX_UNRELIABLE_PACKET = 1150

/**
 * The largest reliable packet, in bytes. Every WebRTC stack delivers 16 KiB whole without blocking other channels (RFC
 * 8831 §6.6).
 */
export const MAX_RELIABLE_PACKET = 16_384

/** The most bytes that a header takes, its acknowledgement mask included. */
export const MAX_HEADER = 54

/** The largest update block: one always fits an unreliable packet, whatever its header. */
export const MAX_BLOCK = MAX_UNRELIABLE_PACKET - MAX_HEADER

/** The most bytes of a call or message besides its payload: section, definition, entity, length. */
export const MAX_CALL_OVERHEAD_BYTES = 14

/** The largest payload of one unreliable call or message, in bytes. */
export const MAX_UNRELIABLE_PAYLOAD = MAX_BLOCK - MAX_CALL_OVERHEAD_BYTES

/** The largest payload of one reliable call or message, in bytes. */
export const MAX_RELIABLE_PAYLOAD = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_CALL_OVERHEAD_BYTES

/** The longest spawn key, in bytes of UTF-8. */
export const MAX_SPAWN_KEY_BYTES = 64

/** The most keys of despawned entities that either side remembers. */
export const MAX_ENDED_KEYS = 1024

/** The most bytes of a spawn besides its payload and its row: section, net id, origin, prefab, length, key. */
export const MAX_SPAWN_OVERHEAD_BYTES = 18 + MAX_SPAWN_KEY_BYTES

/** The most bytes of an entity's spawn, its collections and its prefab's payload included: a spawn is never split. */
export const MAX_ROW = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_SPAWN_OVERHEAD_BYTES

/** The largest payload of a prefab, in bytes: the largest entity without collections fits beside it. */
export const MAX_PREFAB_PAYLOAD = MAX_ROW - MAX_BLOCK

/** The largest value of variable size, and the largest message that is sent in parts, in bytes. */
export const MAX_LARGE_PAYLOAD_BYTES = 16_777_216

/** Bytes of message parts that may be in flight to one side before it confirms them. */
export const PART_WINDOW_BYTES = 65_536

/** The largest payload of a request, in bytes: its number, a varint, precedes it. */
export const MAX_REQUEST_PAYLOAD = MAX_RELIABLE_PAYLOAD - 5

/** The longest text that refuses a request, in bytes of UTF-8, where the definition lists no reasons. */
export const MAX_REASON_TEXT_BYTES = 200

/** Requests of one connection that may be open at once. */
export const MAX_OPEN_REQUESTS = 256

/** The range of the option `stalledAfter`. */
export const LEAST_STALLED_AFTER_MS = 1000
export const LONGEST_STALLED_AFTER_MS = 60_000

/** The most bytes of a scene section besides its arguments: kind, change, action, scene, length. */
export const MAX_SCENE_OVERHEAD_BYTES = 15

/** The largest arguments of a scene, in bytes. */
export const MAX_SCENE_PAYLOAD = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_SCENE_OVERHEAD_BYTES

/** The longest text of a close reason, in bytes of UTF-8. */
export const MAX_REASON_BYTES = 512

/** The longest that a server keeps an interrupted session, in milliseconds; its client tries to resume for as long. */
export const MAX_KEPT_MS = 3_600_000
