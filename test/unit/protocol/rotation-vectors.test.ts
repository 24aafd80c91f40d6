// Golden packets of a component with angles and a rotation: the library writes them, and a reader written from
// docs/protocol.md alone reads them.
import { addComponents, addEntity } from 'bitecs'
import { angle, defineProtocol, replicate, unitQuaternion } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { capture, type Captured, transportOf } from '../world/tap.js'
import { fnv1a, fromHex, parseProtocol, readPacket } from './independent-reader.js'

const floats = (): Float32Array => new Float32Array(8)
const Pose = { turn: floats(), qx: floats(), qy: floats(), qz: floats(), qw: floats(), tilt: floats() }
const protocol = defineProtocol({
  components: {
    Pose: replicate(Pose, { turn: angle(12), tilt: angle(16), ...unitQuaternion.fields('qx', 'qy', 'qz', 'qw') }),
  },
})
const described = parseProtocol(protocol.description)

const GOLDEN = [
  [
    '00 04 04 02 01 01 00 00 01 ff fd f7 df 00 c0 00 08',
    'spawn 1.0 Pose(qw=[0.000000 0.000000 0.000000 1.000000] qx qy qz tilt=1.5707963267948966 turn=0)',
  ],
  [
    '00 01 00 00 06 04 09 01 01 01 ff fd f7 9f 94 c2 a1 0c',
    'update 1 Pose(qw=[0.000000 0.000000 1.000000 0.000000] qx qy qz tilt=1.634073034295179 turn=1.817767233644485)',
  ],
] as const

it('the library writes the golden packets byte for byte', () => {
  const net = createTestNetwork(protocol, { clients: 1 })
  const captured: Captured[] = []
  capture(transportOf(net.server, 'server'), 'server', captured)
  const eid = addEntity(net.server)
  Pose.tilt[eid] = Math.PI / 2
  addComponents(net.server, eid, [Pose, Networked])
  net.tick()
  net.tick()
  Pose.qz[eid] = -2
  Pose.turn[eid] = 1.8177 + 4 * Math.PI
  Pose.tilt[eid] = 1.63405
  net.tick()
  const packets = captured.map(({ bytes }) => [
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' '),
    readPacket(bytes, described).slice(1).join('; '),
  ])
  expect(packets.filter(([, says]) => says !== '')).toEqual(GOLDEN)
})

it('a reader written from docs/protocol.md alone computes the same hash, and reads the golden packets', () => {
  expect(protocol.description).toContain(
    'component Pose {qw:unitQuaternion(qx,qy,qz,qw).w,qx:unitQuaternion(qx,qy,qz,qw).x,qy:unitQuaternion(qx,qy,qz,qw).y,qz:unitQuaternion(qx,qy,qz,qw).z,tilt:angle(16),turn:angle(12)}',
  )
  expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  for (const [hex, says] of GOLDEN) {
    expect(readPacket(fromHex(hex.replaceAll(' ', '')), described).slice(1)).toEqual([says])
  }
})
