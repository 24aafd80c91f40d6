// What the signalling counted, by kind. All of it is part of the counters of a transport.

/** Requests of the signalling, by what became of them, and what else it held off. On a client all are 0. */
export interface SignallingCounters {
  /** Requests that were for the signalling, wrong ones included. */
  signallingRequests: number
  /** Paths, methods, bodies and session descriptions that are none: HTTP 400, 404 and 405. */
  malformedRequests: number
  /** Bodies above 64 KiB: HTTP 413. */
  oversizedRequests: number
  /** Bodies that did not come in time: HTTP 408. */
  slowRequests: number
  /** Requests by pages that may not connect: HTTP 403. */
  foreignOrigins: number
  /** Requests for connections that are not there (any more): HTTP 404. An honest client can cause it. */
  unknownConnections: number
  /** Second answers to one offer: HTTP 409. */
  repeatedAnswers: number
  /** Clients that `authorize` refused, and those for whom it did not answer: HTTP 401 and 503. */
  unauthorizedRequests: number
  /** Clients of an address that is banned: HTTP 403. */
  refusedAddresses: number
  /** Clients of one address above its limits, and requests of one above 10,000 at once and 500 per second: HTTP 429. */
  rateLimitedRequests: number
  /** Clients that came when the server was full, or faster than it lets them in: HTTP 503. */
  overloadedRequests: number
  /** Sockets above 256 of one address, or 4,096 of all, at once; on a server of its own, and on the one of the command. */
  refusedSockets: number
  /** Sockets that were closed because they sent a third request before the first was answered. */
  pipelinedRequests: number
  /** Sockets that were closed because their answers were taken too slowly: over 30 seconds, and below 2 KiB per second. */
  slowAnswers: number
  /** Addresses in clients' answers that the server was not to send packets to. An honest client can cause it. */
  strippedCandidates: number
  /** Failures of geckos, of the native library, or of a function of the game: each cost one client its connection at most. */
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
