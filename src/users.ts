// Knows who plays, as "bitecs-net/users": authentication, bans, violations.
export type { Violation } from './connection/server/client-limits.js'
export { AuthenticationError } from './protocol/errors.js'
export type { AuthenticationRequest, AuthenticationResult, Authenticator } from './world/server/authenticator.js'
export { accept, deny, userOf } from './verbs/authentication.js'
export { type Ban, ban, type BanOptions, bans, type BanTarget, unban } from './verbs/bans.js'
export { violationsOf } from './verbs/budgets.js'
