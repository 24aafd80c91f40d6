// The game that goes on while the server is attacked: players say numbers, the server says them back.
import { defineMessage, defineProtocol, varint } from 'bitecs-net'

export const Word = defineMessage({ n: varint }, { from: 'client' })
export const Echo = defineMessage({ n: varint }, { from: 'server' })
export const protocol = defineProtocol({ messages: { Word, Echo } })

/** Steps of the server per second. */
export const RATE = 20
