// How a codec turns the entity ids of one world into names that both sides know, and back.

/** Maps between a world's entity ids and net ids; 0 stands for "none" on both sides. */
export interface EntityMapper {
  netIdOf(eid: number): number
  entityOf(netId: number): number
}
