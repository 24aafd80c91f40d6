// The game that goes on while the server is attacked: players say numbers, the server says them back. Who asks for it
// is fed with more than anybody needs.
import { bytes, defineCommand, defineMessage, defineProtocol, varint } from 'bitecs-net'

/** Bytes of a meal, and how many are served in each step. */
export const MEAL = 1000
export const MEALS = 64
/** Bytes of a message that is sent in parts. */
export const SCROLL = 100_000

export const Word = defineMessage({ n: varint }, { from: 'client' })
export const Echo = defineMessage({ n: varint }, { from: 'server' })
export const Feed = defineMessage({}, { from: 'client' })
export const Meal = defineMessage({ data: bytes(MEAL) }, { from: 'server' })
/** A longer word, which the server sends back. */
export const Say = defineMessage({ data: bytes(MEAL) }, { from: 'client' })
/** Spawns an entity that soon ends. */
export const Shoot = defineMessage({}, { from: 'client' })
/** Asks for one large message, and for small ones without end. */
export const Ask = defineMessage({}, { from: 'client' })
export const Scroll = defineMessage({ data: bytes(SCROLL) }, { from: 'server', large: true })
/** May be called on the one entity that everybody sees. */
export const Poke = defineCommand({}, { requiresAuthority: false, returns: {} })
export const protocol = defineProtocol({
  remote: { Poke },
  messages: { Word, Echo, Feed, Meal, Say, Shoot, Ask, Scroll },
})

/** Steps of the server per second. */
export const RATE = 20

/** What a client says to a bare server to be fed. */
export const FEED_WORD = new Uint8Array([1])
/** What a slow game does with each packet that arrives, in milliseconds. */
export const SLOW = 0.2
