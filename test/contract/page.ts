// Runs inside the browser's page: connects with the browser's client, and lets the test drive the ends it made.
import { connectWebRtc, type WebRtcClientOptions } from '../../src/transport/geckos/geckos-client.js'
import { LocalSide, type Burst, type Side, type SideEvent } from './side.js'

/** The calls that the test makes, all by the number of the end. */
export interface PageSides {
  connect(options: WebRtcClientOptions, first?: Burst): Promise<number>
  call<Name extends keyof Side>(side: number, name: Name, args: Parameters<Side[Name]>): ReturnType<Side[Name]>
}

declare global {
  var pageSides: PageSides
}

const sides: LocalSide[] = []

globalThis.pageSides = {
  async connect(options, first) {
    const side = new LocalSide(await connectWebRtc(options))
    if (first !== undefined) await side.send(1, first)
    return sides.push(side) - 1
  },
  call<Name extends keyof Side>(side: number, name: Name, args: Parameters<Side[Name]>): ReturnType<Side[Name]> {
    const target = sides[side] as unknown as Record<Name, (...args: Parameters<Side[Name]>) => ReturnType<Side[Name]>>
    return target[name](...args)
  },
}

export type { SideEvent }
