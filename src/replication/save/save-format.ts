// Defines the first and last bytes of a save, and its limits. The "Saves" section of docs/protocol.md shows every byte.
import { MAX_LARGE_PAYLOAD_BYTES } from '../../protocol/limits.js'
import { MAX_SLOT } from '../../protocol/net-id.js'

/** "bnsv", then the version of the format. */
export const SAVE_MAGIC = [0x62, 0x6e, 0x73, 0x76] as const
export const SAVE_FORMAT = 1

/** The longest description, in bytes. */
export const MAX_SAVED_DESCRIPTION_BYTES = MAX_LARGE_PAYLOAD_BYTES

/** The longest name of an owner, in bytes of UTF-8. */
export const MAX_OWNER_BYTES = 256

/** The most entities of one save. */
export const MAX_SAVED_ENTITIES = MAX_SLOT

/** Bits of an entity's first byte, as of a spawn's origin. */
export const SavedFlag = { Prefab: 1, Key: 2 } as const

/** Bytes of the checksum at the end. */
export const CHECKSUM_BYTES = 4
