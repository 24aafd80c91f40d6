// Counts the requests of the signalling, by kind, as part of a transport's counters.

/** Requests of the signalling by their result, and other refusals. On a client all are 0. */
export interface SignallingCounters {
  /** Requests for the signalling, wrong ones included. */
  signallingRequests: number
  /** Invalid paths, methods, bodies and session descriptions: HTTP 400, 404 and 405. */
  malformedRequests: number
  /** Bodies above 64 KiB: HTTP 413. */
  oversizedRequests: number
  /** Bodies that did not arrive in time: HTTP 408. */
  slowRequests: number
  /** Requests by pages that may not connect: HTTP 403. */
  foreignOrigins: number
  /** Requests for connections that do not exist: HTTP 404. An honest client can cause it. */
  unknownConnections: number
  /** Second answers to one offer: HTTP 409. */
  repeatedAnswers: number
  /** Clients that `authorize` refused, and those for which it did not answer: HTTP 401 and 503. */
  unauthorizedRequests: number
  /** Clients of an address that is banned: HTTP 403. */
  refusedAddresses: number
  /** Clients of one address above its limits, and requests of one above 10,000 at once and 500 per second: HTTP 429. */
  rateLimitedRequests: number
  /** Clients refused because the server was full, or because they connected faster than its pace: HTTP 503. */
  overloadedRequests: number
  /** Sockets beyond 256 of one address, or 4,096 of all, at once; on a server that the library or the command made. */
  refusedSockets: number
  /** Sockets closed because they sent a third request before the first was answered. */
  pipelinedRequests: number
  /** Sockets closed because their client read the answers too slowly: over 30 seconds, and below 2 KiB per second. */
  slowAnswers: number
  /** Addresses in clients' answers to which the server must not send packets. An honest client can cause it. */
  strippedCandidates: number
  /**
   * Errors of geckos, of the native library, or of a function of the game. Each costs at most one client its
   * connection.
   */
  signallingErrors: number
}

export function createSignallingCounters(): SignallingCounters {
  return {
    signallingRequests: 0,
    malformedRequests: 0,
    oversizedRequests: 0,
    slowRequests: 0,
    foreignOrigins: 0,
    unknownConnections: 0,
    repeatedAnswers: 0,
    unauthorizedRequests: 0,
    refusedAddresses: 0,
    rateLimitedRequests: 0,
    overloadedRequests: 0,
    refusedSockets: 0,
    pipelinedRequests: 0,
    slowAnswers: 0,
    strippedCandidates: 0,
    signallingErrors: 0,
  }
}
