// Writes the reason of a refused connection into an HTTP answer, and reads it, for a player to see.
import { readText } from './bounded-text.js'
import { truncateUtf8 } from '../../protocol/packet.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'

/** The reason that a client is given. */
export interface RefusalText {
  readonly code: string
  readonly text: string
}

/** The longest answer with a reason, as JSON with every character escaped. */
const MAX_ANSWER_BYTES = 8192
const CODE = /^[\w-]{1,64}$/

/** Limits a reason to the length of any reason, for the answer. An invalid code becomes `refused`. */
export function boundRefusal({ code, text }: RefusalText): RefusalText {
  return { code: CODE.test(code) ? code : 'refused', text: truncateUtf8(text, MAX_REASON_BYTES) }
}

/** Reads the reason from an answer; undefined when there is none. Never rejects. */
export async function readRefusal(response: Response): Promise<RefusalText | undefined> {
  if (response.ok || !isJson(response)) return undefined
  try {
    return toRefusal(JSON.parse((await readText(response, MAX_ANSWER_BYTES)) ?? ''))
  } catch {
    // Not a reason of ours, or the answer was cut off.
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
