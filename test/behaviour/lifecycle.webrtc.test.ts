// The same lifecycle over real WebRTC, between a geckos server and Node clients.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEntityIndex, query } from 'bitecs'
import { close, connectionOf, createClientWorld, createServerWorld, setPlayer } from 'bitecs-net'
import { Connected, Connection, Listening, LocalPlayer, Networked } from 'bitecs-net/components'
import { connect } from 'bitecs-net/node'
import { listen } from 'bitecs-net/server'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { lifecycleBehaviours, record } from '../support/behaviours-lifecycle.js'
import { overWebRtc } from '../support/peers.js'
import { until } from '../support/until.js'

lifecycleBehaviours('real WebRTC', overWebRtc())

it('33: a server whose game closes the HTTP server it stands on stops: every client gets the reason', async () => {
  const pages = http.createServer()
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  const entityIndex = createEntityIndex()
  const server = createServerWorld(game.arena, { entityIndex })
  const client = createClientWorld(game.arena, { entityIndex })
  await listen(server, { server: pages })
  let connected = false
  const url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  const connecting = connect(client, { url, timeout: 20_000 }).then(() => (connected = true))
  const step = (): void => {
    runSystems(client, [...clientReceive, ...clientSend])
    runSystems(server, [...serverReceive, ...serverSend])
  }
  const isConnected = (): boolean => (step(), connected && query(server, [Connected]).length === 1)
  await until('connected', isConnected, 21_000)
  await connecting
  pages.close()
  pages.closeAllConnections()
  const hasEnded = (): boolean => (step(), query(client, [Connected]).length === 0)
  await until('the client was told', hasEnded, 5000)
  expect(Connection.reason[connectionOf(client)]).toMatchObject({ code: 'server-stopped', by: 'remote' })
  expect([query(server, [Connected]).length, query(server, [Listening]).length]).toEqual([0, 0])
  await close(server)
})

it('33: a server that stops and starts again in the same process: each entity ends in reverse order, and begins anew', async () => {
  const entityIndex = createEntityIndex()
  const server = createServerWorld(game.arena, { entityIndex })
  const client = createClientWorld(game.arena, { entityIndex })
  const ship = game.spawnShip(server, 1, 2, 33)
  const log = record(client)
  const step = (): void => {
    runSystems(client, [...clientReceive, ...clientSend])
    runSystems(server, [...serverReceive, ...serverSend])
  }
  const begins = ['+Health hp=33', '+Position hp=33', '+Networked hp=33', '+Owned hp=33', '+LocalPlayer hp=33']
  for (let i = 0; i < 2; i++) {
    const { port } = await listen(server, { port: 0, host: '127.0.0.1' })
    let connected = false
    const connecting = connect(client, { url: `http://127.0.0.1:${port}`, timeout: 20_000 })
    void connecting.then(() => (connected = true))
    await until('connected', () => (step(), connected), 21_000)
    await until('the player', () => {
      step()
      const [connection] = query(server, [Connected])
      if (connection !== undefined && Connection.player[connection] === 0) {
        setPlayer(server, connection, ship, { onLeave: 'keep' })
      }
      return query(client, [LocalPlayer]).length === 1
    })
    expect(log.splice(0).filter((line) => line.includes('hp='))).toEqual(begins)
    const stopping = close(server, `stop ${i}`)
    await until('the client has left', () => (step(), query(client, [Connected]).length === 0))
    await stopping
    const ends = begins.toReversed().map((line) => line.replace('+', '-'))
    expect(log.splice(0)).toEqual([...ends, '-Ready', '-Connected'])
    expect(Connection.reason[connectionOf(client)]?.text).toBe(`stop ${i}`)
    expect([Networked.owner[ship], query(server, [Listening]).length]).toEqual([0, 0])
  }
})
