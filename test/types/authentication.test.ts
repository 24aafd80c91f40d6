// Tests the types of authentication: an authenticator's request and results, and misuse. Checked by `tsc`.
import { expectTypeOf, it } from 'vitest'
import { added, type ClientWorld, defineMessage, drain, sendMessage, type ServerWorld, u8 } from 'bitecs-net'
import {
  accept,
  type AuthenticationError,
  type AuthenticationRequest,
  type Authenticator,
  deny,
  userOf,
} from 'bitecs-net/users'
import { Authenticating } from 'bitecs-net/components'
import type { ConnectOptions } from 'bitecs-net/client'
import { listen } from 'bitecs-net/server'

declare const server: ServerWorld
declare const client: ClientWorld

it('the authenticate option has typed requests and results', () => {
  expectTypeOf(() => {
    void listen(server, {
      users: {
        authenticate: (request) => {
          expectTypeOf(request).toEqualTypeOf<AuthenticationRequest>()
          return request.token === 'x' ? { name: 'Ann' } : deny('no', 'code')
        },
        authenticationTimeout: 100,
      },
    })
    void listen(server, { users: { authenticate: 'by-messages' } })
    // @ts-expect-error no such way
    void listen(server, { users: { authenticate: 'by-hand' } })
    // @ts-expect-error a text is no answer: user data is an object
    void listen(server, { users: { authenticate: () => 'Ann' } })
    // @ts-expect-error nor is null
    void listen(server, { users: { authenticate: () => null } })
    const decides: Authenticator[] = [() => undefined, async () => ({ id: 1 }), () => false, async () => {}]
    void decides
  }).toBeFunction()
})

it('the verbs of authentication are typed, and most are for servers only', () => {
  expectTypeOf(() => {
    expectTypeOf(deny('no')).toEqualTypeOf<AuthenticationError>()
    expectTypeOf(deny(server, 5, 'no', 'code')).toEqualTypeOf<void>()
    expectTypeOf(userOf(server, 5)).toEqualTypeOf<object | undefined>()
    expectTypeOf(userOf<{ name: string }>(server, 5)).toEqualTypeOf<{ name: string } | undefined>()
    accept(server, 5, { name: 'Ann' })
    // @ts-expect-error user data is an object
    accept(server, 5, 'Ann')
    // @ts-expect-error only the server accepts
    accept(client, 5)
    // @ts-expect-error only the server refuses
    deny(client, 5, 'no')
    // @ts-expect-error only the server knows of users
    userOf(client, 5)
    // @ts-expect-error user data is an object
    userOf<string>(server, 5)
    for (const { entity } of drain(server, added(Authenticating))) expectTypeOf(entity).toEqualTypeOf<number>()
  }).toBeFunction()
})

it('messages before authentication and the token of a client are typed', () => {
  const Proof = defineMessage({ pin: u8 }, { from: 'client', beforeAuthentication: true })
  expectTypeOf(() => {
    sendMessage(client, Proof, { pin: 5 })
    // @ts-expect-error only the client sends it
    sendMessage(server, Proof, { pin: 5 }, { to: 5 })
    // @ts-expect-error true or false
    defineMessage({}, { beforeAuthentication: 'yes' })
  }).toBeFunction()
  expectTypeOf<ConnectOptions['token']>().toEqualTypeOf<string | (() => string | Promise<string>) | undefined>()
})
