// Makes calls that are answered, as "bitecs-net/requests": request, reply, refuse, and their errors.
export type { AnswerOptions } from './protocol/definitions.js'
export {
  RequestAbortedError,
  RequestDespawnedError,
  RequestDisconnectedError,
  RequestError,
  RequestLostAuthorityError,
  RequestRefusedError,
  RequestRejectedError,
  RequestTimedOutError,
} from './protocol/errors.js'
export {
  isWaiting,
  refusalOf,
  refuse,
  reply,
  request,
  type RequestOptions,
  type TargetRequestOptions,
} from './verbs/requests.js'
