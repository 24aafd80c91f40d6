// Why the signalling turns a client away, in words that a player can read: how it is written into an HTTP answer, and read.
import { readText } from './bounded-text.js'
import { truncateUtf8 } from '../../protocol/packet.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'

/** What a client is told. */
export interface RefusalText {
  readonly code: string
  readonly text: string
}

/** No answer with a reason is longer, as JSON with every character escaped. */
const MAX_ANSWER_BYTES = 8192
const CODE = /^[\w-]{1,64}$/

/** What goes into the answer: of the length that any reason may have. A code that is none is `refused`. */
export function boundRefusal({ code, text }: RefusalText): RefusalText {
  return { code: CODE.test(code) ? code : 'refused', text: truncateUtf8(text, MAX_REASON_BYTES) }
}

/** Reads the reason from an answer; undefined when there is none. Never rejects. */
export async function readRefusal(response: Response): Promise<RefusalText | undefined> {
  if (response.ok || !isJson(response)) return undefined
  try {
    return toRefusal(JSON.parse((await readText(response, MAX_ANSWER_BYTES)) ?? ''))
  } catch {
    // Not a reason of ours, or nothing more came.
    return undefined
  }
}

function isJson(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('application/json') ?? false
}

function toRefusal(value: unknown): RefusalText | undefined {
  if (typeof value !== 'object' || value === null || !('code' in value) || !('text' in value)) return undefined
  const { code, text } = value
  if (typeof code !== 'string' || typeof text !== 'string' || !CODE.test(code)) return undefined
  return boundRefusal({ code, text })
}
