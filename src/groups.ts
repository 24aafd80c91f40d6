// Names groups of connections, to which calls and messages can go, as "bitecs-net/groups".
export { group, groupsOf, joinGroup, leaveGroup, membersOf } from './verbs/groups.js'
export type { GroupTarget } from './world/targets.js'
