// Tests capture-the-flag as the offline page plays it: one world is server and client, and the server adds bots.
import { createEntityIndex, query } from 'bitecs'
import { connectionOf, drain, ignore, NetworkErrors, sendCommand, sendMessage } from 'bitecs-net'
import { SceneEvents } from 'bitecs-net/scenes'
import { Connection, LocalPlayer } from 'bitecs-net/components'
import { createHostWorld, hostPipeline, runSystems, startHost, withSide } from 'bitecs-net/host'
import { expect, test } from 'vitest'
import * as game from '../../../examples/capture-the-flag/protocol.js'
import { setup, systems, tickRate } from '../../../examples/capture-the-flag/server.js'
import { addHouseBots, playHouseBots } from '../../../examples/capture-the-flag/systems/house-bots.js'

test('a person plays with five bots from the lobby to the results without errors', async () => {
  let now = 0
  const world = createHostWorld(game.protocol, { entityIndex: createEntityIndex(), tickRate, now: () => now })
  withSide(world, 'server', () => {
    setup(world, { capturesToWin: 1 })
    addHouseBots(world, 5)
  })
  // Only used for display.
  ignore(world, game.Burst, game.Tagged, game.YouWereFrozen, game.YouWereTagged)
  ignore(world, game.Chat, game.FlagTaken, game.FlagDropped, game.FlagReturned, game.MatchOver)
  const host = startHost(world)
  const scenes: string[] = []
  const pipeline = hostPipeline({
    server: [...systems, playHouseBots],
    client: [
      (client) => {
        for (const event of drain(client, SceneEvents)) if (event.kind === 'changed') scenes.push(event.name)
        for (const _ of drain(client, game.FlagCaptured)) scenes.push('a capture')
      },
    ],
  })
  const tick = (): void => {
    now += 1000 / tickRate
    runSystems(world, pipeline)
  }
  for (let i = 0; i < 5; i++) tick()
  sendMessage(world, game.Join, { name: 'Eve' })
  for (let i = 0; i < 3 * tickRate; i++) tick()
  const me = Connection.player[connectionOf(world)]!
  expect([...query(world, [LocalPlayer])]).toEqual([me])
  expect(query(world, [game.Player])).toHaveLength(6)
  // Bots wait for players.
  expect(scenes).toEqual(['Lobby'])
  sendCommand(world, me, game.GetReady, { ready: true })
  for (let i = 0; i < 300 * tickRate && !scenes.includes('Results'); i++) tick()
  expect(scenes).toEqual(['Lobby', 'Match', 'a capture', 'Results'])
  expect(Array.from(drain(world, NetworkErrors), ({ message }) => message)).toEqual([])
  await host.close()
})
