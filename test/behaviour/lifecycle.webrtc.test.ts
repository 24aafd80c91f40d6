// The same lifecycle over real WebRTC, between a geckos server and Node clients.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { query } from 'bitecs'
import { close, connectionOf, createClientWorld, createServerWorld } from 'bitecs-net'
import { Connected, Connection, Listening } from 'bitecs-net/components'
import { connect } from 'bitecs-net/node'
import { listen } from 'bitecs-net/server'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { expect, it } from 'vitest'
import { arena } from '../support/arena.js'
import { lifecycleBehaviours } from '../support/behaviours-lifecycle.js'
import { overWebRtc } from '../support/peers.js'
import { until } from '../support/until.js'

lifecycleBehaviours('real WebRTC', overWebRtc())

it('33: a server whose game closes the HTTP server it stands on stops: every client gets the reason', async () => {
  const game = http.createServer()
  await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
  const server = createServerWorld(arena)
  const client = createClientWorld(arena)
  await listen(server, { server: game })
  let connected = false
  const url = `http://127.0.0.1:${(game.address() as AddressInfo).port}`
  const connecting = connect(client, { url, timeout: 20_000 }).then(() => (connected = true))
  const step = (): void => {
    runSystems(client, [...clientReceive, ...clientSend])
    runSystems(server, [...serverReceive, ...serverSend])
  }
  const isConnected = (): boolean => (step(), connected && query(server, [Connected]).length === 1)
  await until('connected', isConnected, 21_000)
  await connecting
  game.close()
  game.closeAllConnections()
  const hasEnded = (): boolean => (step(), query(client, [Connected]).length === 0)
  await until('the client was told', hasEnded, 5000)
  expect(Connection.reason[connectionOf(client)]).toMatchObject({ code: 'server-stopped', by: 'remote' })
  expect([query(server, [Connected]).length, query(server, [Listening]).length]).toEqual([0, 0])
  await close(server)
})
