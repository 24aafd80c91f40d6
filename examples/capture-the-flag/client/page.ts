// Builds the page around a client world, online or offline, and lists the systems to run in each frame.
import { added, drain, sendMessage } from 'bitecs-net'
import type { ClientWorld, System } from 'bitecs-net/client'
import { Connected } from 'bitecs-net/components'
import { Join } from '../protocol.js'
import { createChat } from './chat.js'
import { createHud } from './hud.js'
import { createInput } from './input.js'
import { createLobby } from './lobby.js'
import { readName } from './name.js'
import { readConnection, readEffects, readMatch, readPeople } from './news.js'
import { exposeGame } from './probe.js'
import { createResults } from './results.js'
import { loadScenes, readScenes } from './scenes.js'
import { createShop } from './shop.js'
import { buildSprites } from './sprites.js'
import { createStage } from './stage.js'
import { createView, type View } from './view.js'

export interface GamePage {
  readonly view: View
  /** Runs in each frame, after packets are received and before packets are sent. */
  readonly systems: readonly System<ClientWorld>[]
}

/** `retry` reconnects after the connection has ended. */
export function createPage(world: ClientWorld, retry: () => void): GamePage {
  const view = createView()
  loadScenes(world, view)
  buildSprites(world, view)
  exposeGame(world, view)
  const canvas = document.querySelector('canvas')!
  const stage = createStage(canvas, view)
  const input = createInput(canvas, stage.camera)
  const shop = createShop(world)
  const lobby = createLobby(world, view)
  const results = createResults(view)
  const hud = createHud(view, retry)
  createChat(world)
  return {
    view,
    systems: [
      askToPlay,
      (from) => readConnection(from, view),
      (from) => readScenes(from, view),
      (from) => readPeople(from, view),
      (from) => readMatch(from, view),
      (from) => readEffects(from, view),
      (from) => (view.scene === 'match' ? input.send(from) : undefined),
      stage.draw,
      hud.show,
      lobby.show,
      shop.show,
      results.show,
    ],
  }
}

/** Asks to play as soon as the server has admitted this client. */
function askToPlay(world: ClientWorld): void {
  for (const _ of drain(world, added(Connected))) sendMessage(world, Join, { name: readName() })
}
