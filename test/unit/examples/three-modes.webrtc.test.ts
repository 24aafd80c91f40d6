// Tests the same match of capture-the-flag over real WebRTC, on a dedicated server and on a host.
import { describe, expect, test } from 'vitest'
import { inMemory, type MakePeers, overWebRtc } from '../../support/peers.js'
import { beginMatch, errorsOf, playScript, scoreOf, type Told } from './three-modes.js'

/** How a match ends, without the places where things happened: these hang on when a command arrives. */
async function play(make: MakePeers): Promise<unknown> {
  const match = await beginMatch(make, 2)
  try {
    await playScript(match)
    expect(errorsOf(match)).toEqual([])
    const place = / [xy]=[-\d.]+/g
    const withoutPlaces = (told: Told): unknown =>
      Object.fromEntries(Object.entries(told).map(([name, list]) => [name, list.map((one) => one.replace(place, ''))]))
    return [match.told.map(withoutPlaces), match.peers.clients.map(({ world }) => scoreOf(world))]
  } finally {
    await match.peers.close()
  }
}

describe('16: capture the flag', () => {
  test.each([
    ['a server over WebRTC', overWebRtc()],
    ['a host that listens over WebRTC', overWebRtc(undefined, true)],
  ])('a match on %s has the same result as in memory', async (_, make) => {
    expect(await play(make)).toEqual(await play(inMemory))
  })
})
