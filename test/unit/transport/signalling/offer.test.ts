// An offer's addresses, apart from its description.
import { describe, expect, it } from 'vitest'
import { readOffer } from '../../../../src/transport/signalling/offer.js'

const HEAD = ['v=0', 's=-', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:data', 'a=setup:actpass']
const FIRST = 'candidate:1 1 UDP 2114977791 192.0.2.2 4000 typ host'
const SECOND = 'candidate:2 1 UDP 1678769919 198.51.100.7 4000 typ srflx raddr 0.0.0.0 rport 0'

const offer = (...lines: string[]) => readOffer({ type: 'offer', sdp: [...HEAD, ...lines, ''].join('\r\n') })

describe('an offer', () => {
  it('has its addresses beside the description, and says that they are all', () => {
    expect(offer(`a=${FIRST}`, `a=${SECOND}`, 'a=end-of-candidates')).toEqual({
      localDescription: { type: 'offer', sdp: [...HEAD, ''].join('\r\n') },
      candidates: [
        { candidate: FIRST, sdpMid: 'data' },
        { candidate: SECOND, sdpMid: 'data' },
      ],
      isComplete: true,
    })
  })

  it('says that more may come while the library still looks for them', () => {
    expect(offer(`a=${FIRST}`)).toMatchObject({ candidates: [{ candidate: FIRST }], isComplete: false })
    expect(offer()).toMatchObject({ candidates: [], isComplete: false })
  })
})
