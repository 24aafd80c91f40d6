// The game that goes on while the server is attacked: players say numbers, the server says them back. Who asks for it is fed
// with more than anybody needs.
import { bytes, defineCommand, defineMessage, defineProtocol, varint } from 'bitecs-net'

/** Bytes of a meal, and how many are served in each step. */
export const MEAL = 1000
export const MEALS = 64

export const Word = defineMessage({ n: varint }, { from: 'client' })
export const Echo = defineMessage({ n: varint }, { from: 'server' })
export const Feed = defineMessage({}, { from: 'client' })
export const Meal = defineMessage({ data: bytes(MEAL) }, { from: 'server' })
/** May be called on the one entity that everybody sees. */
export const Poke = defineCommand({}, { requiresAuthority: false, returns: {} })
export const protocol = defineProtocol({ remote: { Poke }, messages: { Word, Echo, Feed, Meal } })

/** Steps of the server per second. */
export const RATE = 20

/** What a client says to a bare server to be fed. */
export const FEED_WORD = new Uint8Array([1])
/** What a slow game does with each packet that arrives, in milliseconds. */
export const SLOW = 0.2
