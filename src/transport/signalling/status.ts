// Numbers the answers of the signalling, as HTTP does.

export const Status = {
  Ok: 200,
  NoContent: 204,
  Malformed: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  WrongMethod: 405,
  Slow: 408,
  Conflict: 409,
  TooLarge: 413,
  TooMany: 429,
  Failed: 500,
  Unavailable: 503,
} as const
export type Status = (typeof Status)[keyof typeof Status]
