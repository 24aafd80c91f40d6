// A server's offer of a connection, as its client gets it: the description, and beside it the addresses known by then.

/** An address of the server, as browsers take them. */
export interface OfferedCandidate {
  /** As in RFC 8839 §5.1, without the `a=`. */
  readonly candidate: string
  readonly sdpMid: string
}

export interface Offer {
  readonly localDescription: { readonly type: string; readonly sdp: string }
  /** Those of the machine. What STUN servers find comes later, and is asked for. */
  readonly candidates: readonly OfferedCandidate[]
  /** Nothing comes later. */
  readonly isComplete: boolean
}

const CANDIDATE = 'a=candidate:'
const MID = 'a=mid:'
const END = 'a=end-of-candidates'

/**
 * Takes the addresses out of a description. Inside of it, clients would use them before the server has their answer, and a
 * server without it drops their checks; and one that has heard of the end of the addresses gives up the sooner.
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
