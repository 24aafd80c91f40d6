// Splits a server's offer for its client into the description and the addresses known by then.

/** An address of the server, in the form that browsers use. */
export interface OfferedCandidate {
  /** As in RFC 8839 §5.1, without the `a=`. */
  readonly candidate: string
  readonly sdpMid: string
}

export interface Offer {
  readonly localDescription: { readonly type: string; readonly sdp: string }
  /** Those of the machine. What STUN servers find follows later, on request. */
  readonly candidates: readonly OfferedCandidate[]
  /** No further candidates follow. */
  readonly isComplete: boolean
}

const CANDIDATE = 'a=candidate:'
const MID = 'a=mid:'
const END = 'a=end-of-candidates'

/**
 * Removes the addresses from a description. Clients would use addresses inside it before the server has their answer,
 * and such a server drops their checks. A client that has received the end of the addresses also gives up sooner.
 */
export function readOffer({ type, sdp }: { readonly type: string; readonly sdp: string }): Offer {
  const lines = sdp.split(/\r?\n/)
  const sdpMid = lines.find((line) => line.startsWith(MID))?.slice(MID.length) ?? '0'
  const isCandidate = (line: string): boolean => line.startsWith(CANDIDATE)
  return {
    localDescription: { type, sdp: lines.filter((line) => !isCandidate(line) && line !== END).join('\r\n') },
    candidates: lines.filter(isCandidate).map((line) => ({ candidate: line.slice('a='.length), sdpMid })),
    isComplete: lines.includes(END),
  }
}
