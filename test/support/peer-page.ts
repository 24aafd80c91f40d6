// A client in a browser's page, for tests that end the page: it connects, says its name, and plays on.
import { connect, createClientWorld } from 'bitecs-net/client'
import { connectionOf, sendMessage } from 'bitecs-net'
import { Connection } from 'bitecs-net/components'
import { clientReceive, clientSend } from 'bitecs-net/systems'
import * as game from './arena.js'

declare global {
  var join: (url: string, name: string) => Promise<void>
}

globalThis.join = async (url, name) => {
  const world = createClientWorld(game.arena)
  await connect(world, { url, timeout: 20_000 })
  sendMessage(world, game.Chat, { text: name })
  const step = (): void => {
    for (const system of [...clientReceive, ...clientSend]) system(world)
  }
  setInterval(step, 33)
  while (Connection.player[connectionOf(world)] === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
