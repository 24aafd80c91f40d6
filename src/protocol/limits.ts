// The sizes that both sides agree on. They are part of the wire format: docs/protocol.md lists them.

/**
 * The largest unreliable packet, in bytes. 1,200 is what QUIC takes every path to carry (RFC 9000 §14); WebRTC adds
 * about 50 bytes of its own, and a packet above the path's limit is cut in two by SCTP, which costs twice the send.
 */
export const MAX_UNRELIABLE_PACKET = 1150

/**
 * The largest reliable packet, in bytes. 16 KiB is what every WebRTC stack delivers whole without blocking other
 * channels (RFC 8831 §6.6).
 */
export const MAX_RELIABLE_PACKET = 16_384

/** The most that a header, its acknowledgement mask included, can take of a packet, in bytes. */
export const MAX_HEADER = 54

/** The largest update block: one always fits an unreliable packet, whatever its header. */
export const MAX_BLOCK = MAX_UNRELIABLE_PACKET - MAX_HEADER

/** What a call or message takes around its payload at most: section, definition, entity, length. */
export const MAX_CALL_OVERHEAD = 14

/** The largest payload of one unreliable call or message, in bytes. */
export const MAX_UNRELIABLE_PAYLOAD = MAX_BLOCK - MAX_CALL_OVERHEAD

/** The largest payload of one reliable call or message, in bytes. */
export const MAX_RELIABLE_PAYLOAD = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_CALL_OVERHEAD

/** The longest spawn key, in bytes of UTF-8. */
export const MAX_SPAWN_KEY_BYTES = 64

/** The most keys of entities that ended that either side remembers. */
export const MAX_ENDED_KEYS = 1024

/** What a spawn takes around its payload and its row at most: section, net id, origin, prefab, length, key. */
export const MAX_SPAWN_OVERHEAD = 18 + MAX_SPAWN_KEY_BYTES

/** All that an entity begins with, its collections and its prefab's payload included, in bytes: a spawn is never split. */
export const MAX_ROW = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_SPAWN_OVERHEAD

/** The largest payload of a prefab, in bytes: beside it the largest entity without collections fits. */
export const MAX_PREFAB_PAYLOAD = MAX_ROW - MAX_BLOCK

/** The largest value of variable size, and the largest message that travels in parts, in bytes. */
export const MAX_LARGE_PAYLOAD = 16_777_216

/** Bytes of parts that may be under way to one side before it says that it has taken them in. */
export const PART_WINDOW = 65_536

/** The largest payload of a request, in bytes: its number, a varint, stands before it. */
export const MAX_REQUEST_PAYLOAD = MAX_RELIABLE_PAYLOAD - 5

/** The longest text that a request is refused with, in bytes of UTF-8, where the definition lists no reasons. */
export const MAX_REASON_TEXT_BYTES = 200

/** Requests of one connection that may be open at once. */
export const MAX_OPEN_REQUESTS = 256

/** What a scene section takes around its arguments at most: kind, change, action, scene, length. */
export const MAX_SCENE_OVERHEAD = 15

/** The largest arguments of a scene, in bytes. */
export const MAX_SCENE_PAYLOAD = MAX_RELIABLE_PACKET - MAX_HEADER - MAX_SCENE_OVERHEAD

/** The longest text of a close reason, in bytes of UTF-8. */
export const MAX_REASON_BYTES = 512

/** The longest that a server keeps a session whose line broke, in milliseconds: for as long its client tries to come back. */
export const MAX_KEPT_MS = 3_600_000
