// Counts what one side drops, holds back or repairs, by reason. Each side has one object, made once.

/** The counters of one side, each since its world was made. */
export interface Counters {
  /**
   * Packets that were well-formed and read, whatever happened to the calls and values in them. Every packet that a
   * transport delivers is counted once: here or by the reason for which it was dropped. Those reasons are
   * `malformedPackets`, `packetsBeforeHello`, `duplicatePackets`, `unauthenticatedPackets`, `packetsAfterEnd` and
   * `rateLimitedPackets`; on a client also `packetsWhileLoading` and `holdOverflows`.
   */
  acceptedPackets: number
  /** Malformed packets: dropped whole, and charged to the connection's error budget. */
  malformedPackets: number
  /** Packets that arrived before a hello was accepted. */
  packetsBeforeHello: number
  /** Packets over a client's rate limit, dropped unread. On the reliable channel the first one ends the connection. */
  rateLimitedPackets: number
  /** Packets of sessions that had ended when they were to be read. */
  packetsAfterEnd: number
  /** Unreliable packets that the network duplicated, or that arrived too late to tell. */
  duplicatePackets: number
  /** Sections with a definition that the protocol does not list, or in a direction that it does not allow. */
  unknownDefinitions: number
  /** Calls on a net id that was never given to this client. */
  unknownEntities: number
  /** Calls on an entity that was despawned, or that this client does not observe. An honest client can cause it. */
  staleCalls: number
  /** Commands from a client that does not own the entity. An honest client can cause it. */
  unauthorizedCalls: number
  /** Calls and messages from a client that is not ready. */
  notReadyCalls: number
  /** Commands and messages over their rate limit. */
  rateLimitedCalls: number
  /** Packets of unauthenticated clients with a section that needs authentication: dropped whole. */
  unauthenticatedPackets: number
  /** Calls whose arguments do not match the definition. */
  malformedCalls: number
  /** Values that a client wrote to an entity that it does not own. An honest client can cause it. */
  unauthorizedWrites: number
  /**
   * Values that a client wrote to an entity or component that was removed, or before it received the server's own. An
   * honest client can cause it.
   */
  staleWrites: number
  /** Values of a client that are not finite, or that the server's check refused. */
  refusedWrites: number
  /** Packets with more client-written values than an honest client sends: they are not acknowledged. */
  rateLimitedWrites: number
  /** Calls that no system drained in time. */
  undrainedCalls: number
  /** Calls dropped because their queue was full and their sender had used up its share of it. */
  overShareCalls: number
  /** Calls dropped at the sender: the receiver has no spawn of the entity, or has disconnected. */
  unsentCalls: number
  /** Requests dropped before they were drained, because their sender no longer waited for the answer. */
  cancelledCalls: number
  /** Requests refused because their connection had too many open. */
  overloadedRequests: number
  /** Answers that arrived when nothing waited for them. An honest peer can cause it. */
  lateReplies: number
  /** Answers to requests that were never made. */
  unknownReplies: number
  /** Answers that do not match the definition. */
  malformedReplies: number
  /** Unreliable calls dropped at the sender, because too many packets were unacknowledged. */
  windowDroppedCalls: number
  /** Handlers that threw. */
  handlerErrors: number
  /** Values dropped because their entity did not exist, and no spawn of it was under way. */
  staleValues: number
  /** Packets of values kept until a structural change that they need arrives. */
  heldPackets: number
  /** Packets of values that could not be kept: they are not acknowledged, so their values are sent again. */
  holdOverflows: number
  /** Unreliable packets received while a scene loaded: they are not acknowledged, so their values are sent again. */
  packetsWhileLoading: number
  /** Values clamped into the range of their type. */
  clampedValues: number
  /** Operations that did not fit the collection, or arrived for an entity that the game has removed. */
  ignoredOperations: number
  /** Pairs of relations with a missing entity, or received twice. */
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
