// Checks and corrects values that owners write, as "bitecs-net/authority".
export type { Authority } from './protocol/definitions.js'
export { correct, validateWrites } from './verbs/authority.js'
export type { Write, WriteCheck } from './replication/authority/write-view.js'
