// Hand-typed records whose changes nobody told: every store is compared with a copy of what was sent last.
import { Stores } from '../workload.js'
import { PackedRecords } from './packed-records.js'

export class ShadowScan {
  readonly records: PackedRecords
  private readonly shadow: Stores
  private readonly moved: Uint32Array
  private readonly hurt: Uint32Array
  /** Entities whose velocity changed: the workload has none, but nobody tells the scan. Found and counted, not written. */
  private readonly swerved: Uint32Array

  constructor(
    private readonly stores: Stores,
    private readonly eids: Uint32Array,
  ) {
    this.records = new PackedRecords(eids.length)
    this.shadow = new Stores(stores.capacity)
    this.moved = new Uint32Array(eids.length)
    this.hurt = new Uint32Array(eids.length)
    this.swerved = new Uint32Array(eids.length)
    this.encode()
  }

  /** Finds what changed since the last time and encodes it. Returns the number of bytes. */
  encode(): number {
    const { stores, shadow, eids, moved, hurt, swerved } = this
    const { x: px, y: py, z: pz } = stores.position
    const { x: rx, y: ry, z: rz, w: rw } = stores.rotation
    const { x: vx, y: vy, z: vz } = stores.velocity
    const { hp } = stores.health
    const { x: spx, y: spy, z: spz } = shadow.position
    const { x: srx, y: sry, z: srz, w: srw } = shadow.rotation
    const { x: svx, y: svy, z: svz } = shadow.velocity
    const { hp: shp } = shadow.health
    let movers = 0
    let hurts = 0
    let swerves = 0
    for (let i = 0; i < eids.length; i++) {
      const eid = eids[i]!
      if (
        px[eid] !== spx[eid] ||
        py[eid] !== spy[eid] ||
        pz[eid] !== spz[eid] ||
        rx[eid] !== srx[eid] ||
        ry[eid] !== sry[eid] ||
        rz[eid] !== srz[eid] ||
        rw[eid] !== srw[eid]
      ) {
        spx[eid] = px[eid]!
        spy[eid] = py[eid]!
        spz[eid] = pz[eid]!
        srx[eid] = rx[eid]!
        sry[eid] = ry[eid]!
        srz[eid] = rz[eid]!
        srw[eid] = rw[eid]!
        moved[movers++] = eid
      }
      if (vx[eid] !== svx[eid] || vy[eid] !== svy[eid] || vz[eid] !== svz[eid]) {
        svx[eid] = vx[eid]!
        svy[eid] = vy[eid]!
        svz[eid] = vz[eid]!
        swerved[swerves++] = eid
      }
      if (hp[eid] !== shp[eid]) {
        shp[eid] = hp[eid]!
        hurt[hurts++] = eid
      }
    }
    return this.records.encodeLists(stores, moved, movers, hurt, hurts) + swerves * 16
  }
}
