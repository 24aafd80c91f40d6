// Everything that is dropped is counted, by reason. One object per side, made once.

/** What one side dropped, held back or repaired, each counted since its world was made. */
export interface Counters {
  /**
   * Packets that were what they claim and were read, whatever became of the calls and values in them. Every packet that a
   * transport delivers is counted once: here or by the reason it was dropped for (`malformedPackets`, `packetsBeforeHello`,
   * `duplicatePackets`, `unauthenticatedPackets`, `packetsAfterEnd`, `rateLimitedPackets`; on a client also
   * `packetsWhileLoading` and `holdOverflows`).
   */
  acceptedPackets: number
  /** Packets that were not what they claim: dropped whole, and weighed on the connection's error budget. */
  malformedPackets: number
  /** Packets that came before a hello was accepted. */
  packetsBeforeHello: number
  /** Packets beyond what a client may send: unread. On the reliable channel the first ends the connection. */
  rateLimitedPackets: number
  /** Packets of sessions that had ended when they were to be read. */
  packetsAfterEnd: number
  /** Unreliable packets that the network doubled, or that came too late to be told from a double. */
  duplicatePackets: number
  /** Sections with a definition that the protocol does not list, or in a direction that it does not allow. */
  unknownDefinitions: number
  /** Calls on a net id that was never given to this client. */
  unknownEntities: number
  /** Calls on an entity that is gone, or that this client does not observe (any more). An honest client can cause it. */
  staleCalls: number
  /** Commands from a client that does not own the entity. An honest client can cause it. */
  unauthorizedCalls: number
  /** Calls and messages from a client that is not ready. */
  notReadyCalls: number
  /** Commands and messages over their rate. */
  rateLimitedCalls: number
  /** Packets of clients that were not authenticated yet, with something that only others may send: dropped whole. */
  unauthenticatedPackets: number
  /** Calls whose arguments are not what the definition says. */
  malformedCalls: number
  /** Values that a client wrote to an entity that it does not own. An honest client can cause it. */
  unauthorizedWrites: number
  /**
   * Values that a client wrote to an entity or component that is gone, or before it heard what the server says of it. An
   * honest client can cause it.
   */
  staleWrites: number
  /** Values that a client wrote and the server's check refused, or that are no finite numbers. */
  refusedWrites: number
  /** Packets of values that a client wrote beyond what any honest client sends: they are not acknowledged. */
  rateLimitedWrites: number
  /** Calls that nobody drained in time. */
  undrainedCalls: number
  /** Calls dropped because their queue was full and their sender had used up its share of it. */
  overShareCalls: number
  /** Calls dropped at the sender: the receiver has no spawn of the entity, or is gone. */
  unsentCalls: number
  /** Requests dropped before they were drained, since nobody waited for their answer any more. */
  cancelledCalls: number
  /** Requests refused because too many of their connection were open. */
  overloadedRequests: number
  /** Answers that came when nobody waited for them any more. An honest peer can cause it. */
  lateReplies: number
  /** Answers to requests that were never made. */
  unknownReplies: number
  /** Answers that are not what the definition says. */
  malformedReplies: number
  /** Unreliable calls dropped at the sender, because too many packets were unacknowledged. */
  windowDroppedCalls: number
  /** Handlers that threw. */
  handlerErrors: number
  /** Values dropped because their entity was not there, and no spawn of it was under way. */
  staleValues: number
  /** Packets of values kept until a structural change that they need arrives. */
  heldPackets: number
  /** Packets of values that could not be kept: they are not acknowledged, so their values come again. */
  holdOverflows: number
  /** Unreliable packets that came while a scene was loaded: they are not acknowledged, so their values come again. */
  packetsWhileLoading: number
  /** Values clamped into the range of their type. */
  clampedValues: number
  /** Operations on collections that did not fit what is there, or came for an entity that the game has removed. */
  ignoredOperations: number
  /** Pairs of relations that were told of entities that are not there, or told again. */
  ignoredPairs: number
  /** Unreliable packets found lost. */
  lostPackets: number
  /** Values sent again because the packet that carried them was lost. */
  resentValues: number
  /** Connections refused before they were open. */
  refusedConnections: number
}

export function createCounters(): Counters {
  return {
    acceptedPackets: 0,
    malformedPackets: 0,
    packetsBeforeHello: 0,
    rateLimitedPackets: 0,
    packetsAfterEnd: 0,
    duplicatePackets: 0,
    unknownDefinitions: 0,
    unknownEntities: 0,
    staleCalls: 0,
    unauthorizedCalls: 0,
    notReadyCalls: 0,
    rateLimitedCalls: 0,
    unauthenticatedPackets: 0,
    malformedCalls: 0,
    unauthorizedWrites: 0,
    staleWrites: 0,
    refusedWrites: 0,
    rateLimitedWrites: 0,
    undrainedCalls: 0,
    overShareCalls: 0,
    unsentCalls: 0,
    cancelledCalls: 0,
    overloadedRequests: 0,
    lateReplies: 0,
    unknownReplies: 0,
    malformedReplies: 0,
    windowDroppedCalls: 0,
    handlerErrors: 0,
    staleValues: 0,
    heldPackets: 0,
    holdOverflows: 0,
    packetsWhileLoading: 0,
    clampedValues: 0,
    ignoredOperations: 0,
    ignoredPairs: 0,
    lostPackets: 0,
    resentValues: 0,
    refusedConnections: 0,
  }
}
