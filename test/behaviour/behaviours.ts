// The behaviours of remote actions, messages and lifecycle that the library promises, each pinned down by a test of its
// name.
//
// A test, or a group of tests, is named by the number and the sentence: `3: authority taken away …`. The architecture
// tests check that none is missing. Further tests about the same may begin with the number, too.

export interface Behaviour {
  readonly sentence: string
  /** Whether it is tested over real WebRTC as well as in memory. */
  readonly webrtc: boolean
}

const everywhere = (sentence: string): Behaviour => ({ sentence, webrtc: true })
const inMemory = (sentence: string): Behaviour => ({ sentence, webrtc: false })

/** By number. */
export const BEHAVIOURS: Readonly<Record<number, Behaviour>> = {
  // Remote actions
  1: everywhere("an owned entity's command runs on the server exactly once, with the exact values, in the order sent"),
  2: inMemory(
    'a command on an entity the sender does not own is dropped and counted; the sender stays connected; with requiresAuthority: false it runs, and sender is the calling connection',
  ),
  3: inMemory('authority taken away while the command is in flight: dropped on arrival'),
  4: inMemory(
    'a command on an entity the sender does not observe, on an unknown net id, with an unknown id, or from a connection that is not ready: dropped and counted, never run',
  ),
  5: inMemory("two definitions of the same shape never reach each other's queue"),
  6: inMemory(
    'a throwing handler: the error reaches the error queue with connection, entity and name; later calls in the same tick run',
  ),
  7: everywhere(
    'a client RPC reaches every ready observer and no other client; includeOwner: false skips the owner; except skips one',
  ),
  8: everywhere(
    'a target RPC goes to the owner by default; to an explicit connection even when the entity has no owner; no owner and no target is an error at the call',
  ),
  9: inMemory(
    "a reliable RPC sent in the same tick as the spawn arrives after it, and sees the spawn's values and every structural change sent before it",
  ),
  10: inMemory("an argument of type entity arrives as the receiver's own id; one that it does not have arrives as 0"),
  11: inMemory(
    'a call that names an entity despawned before it arrives is dropped and counted, and counts against no error budget',
  ),
  12: everywhere(
    "a request resolves with the server's typed return value; it rejects, each with its own error class; late answers are ignored; a server may request from a client too",
  ),
  13: inMemory('a rate-limited command over its bucket is dropped and counted; within it, none is'),
  14: inMemory('an unreliable command or RPC is never delivered twice, also when the network duplicates it'),
  15: inMemory(
    'calling from the wrong side, before connecting, or with an argument out of range throws at the call with a message that names the field',
  ),
  16: inMemory(
    'host mode: commands and RPCs go through the same queues with the same checks and in the same tick phases as for a remote client',
  ),
  17: inMemory('an undrained call is dropped after the set number of ticks and reported once by name'),
  // Messages
  18: everywhere('messages: both directions, both channels, to one / all / ready / observers / all but one'),
  19: inMemory(
    'before authentication only messages with beforeAuthentication are dispatched; any other counts against the connection',
  ),
  20: inMemory('the largest allowed message passes, one byte more throws at the sender and is refused by the receiver'),
  21: inMemory('many small messages of one tick travel in one packet; a large one keeps its place in the order'),
  22: inMemory('a message that claims another length than it has cannot shift the next one'),
  23: inMemory('a replaced handler warns; an unknown id counts and, by policy, closes'),
  // Lifecycle
  24: everywhere(
    'join, in order: Connected → entities with values → Networked → Owned → LocalPlayer; leave: the exact reverse',
  ),
  25: inMemory(
    'Connected comes after authentication; a client refused by the authenticator gets the reason, and never appears in the world',
  ),
  26: inMemory(
    "the server's side of a leave: the reason is set and owned entities still exist while Connected is removed; afterwards they are despawned or kept, as the entity's policy says",
  ),
  27: inMemory(
    "Owned changes exactly on transitions, on both sides; handing over is remove then add in the server's world, never both; each client sees its own transition once; what the former owner has in flight, a command or a value, is dropped",
  ),
  28: inMemory(
    'replacing a player removes LocalPlayer from the old entity before it is added to the new one, each once',
  ),
  29: inMemory(
    'a hidden entity and a destroyed one are told apart by the client; one that returns gets its current values',
  ),
  30: inMemory(
    'an entity spawned and despawned within one tick reaches no client; one removed and added again within a tick ends up right',
  ),
  31: inMemory(
    'a change hook gets old and new, only on a change, not for the initial values; order = declaration order',
  ),
  32: inMemory(
    'changing scene: clients not ready → Loading → paused dispatch, bounded → resumed in order, nothing lost',
  ),
  33: inMemory(
    'server stop: every client gets the reason; every entity gets its reverse order; a second start in the same process works',
  ),
  // Replication
  34: everywhere(
    'late join: a client that connects after N entities gets all with current values, also when N is 10,000',
  ),
  35: inMemory(
    'marker added before or after the components; components added and removed later; a tag; an empty entity; several at once',
  ),
  36: inMemory(
    'a component removed keeps the entity and its other components; it returns with the current value, not the old one',
  ),
  37: inMemory("pausing (Networked removed on the server) despawns on clients and keeps the server's entity"),
  38: inMemory(
    'values arrive for an entity whose spawn is still in flight: held, then applied; two packets swapped, one with Health, one with Position of the same entity: both applied; older values of a component after newer: ignored',
  ),
  39: everywhere(
    "20 % loss, reordering and duplication on the unreliable channel: every client converges to the server's exact (quantized) state within a bounded number of ticks of the last change, and a value changed once is not resent once acknowledged",
  ),
  40: inMemory(
    'bytes: an idle world of 10,000 entities sends nothing but keep-alives; one changed u8 in it sends one small packet',
  ),
  41: inMemory('300 entities changed: several packets, each under the limit, no entity split'),
  43: inMemory(
    'visibility lost and regained; lost while changes are in flight; changed while hidden; owner exempt; forced shown and hidden',
  ),
  42: inMemory(
    'values for the owner alone never reach the wire of another client; owner-authoritative values are accepted from the owner alone, echoed to the others, and never overwritten on the owner by older echoes',
  ),
  44: inMemory('client despawns its copy locally: nothing throws, later updates are ignored, and a respawn works'),
  45: inMemory(
    "a recycled entity id never receives the previous entity's late packets; relations and entity fields map",
  ),
  46: inMemory(
    'reconnect: a fresh session, nothing of the old one left; with a resume token, the player and its entities are kept',
  ),
  47: inMemory(
    'two sides whose protocols differ: refused with the list of differences; listed in another order: accepted',
  ),
  48: inMemory(
    'every schema type round-trips, bounds included; in a call what cannot be represented throws at the sender, in a replicated value it clamps (NaN keeps the last) and is reported once',
  ),
  52: inMemory(
    'an entity or component removed and added again, or an owner changed and returned, within one tick is equal on every client',
  ),
}
