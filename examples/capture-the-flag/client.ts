// The browser's half of capture-the-flag: a world that the server fills, a canvas that shows it, keys that become commands.
import { added, drain, sendMessage } from 'bitecs-net'
import { clientReceive, clientSend, type ClientWorld, connect, createClientWorld, runSystems } from 'bitecs-net/client'
import { Connected } from 'bitecs-net/components'
import { createHud } from './client/hud.js'
import { createInput } from './client/input.js'
import { readName, writeName } from './client/name.js'
import { readEffects, readLifecycle, readMatch, readPeople } from './client/news.js'
import { exposeGame } from './client/probe.js'
import { createStage } from './client/stage.js'
import { createView } from './client/view.js'
import { Join, protocol, Say } from './protocol.js'

const world = createClientWorld(protocol)
const view = createView()
const canvas = document.querySelector('canvas')!
const stage = createStage(canvas, view)
const input = createInput(canvas, stage.toField)
const hud = createHud(view, { say, retry: () => void join() })

/** Asks to play as soon as the server has let us in. */
function askToPlay(): void {
  for (const _ of drain(world, added(Connected))) sendMessage(world, Join, { name: readName() })
}

/** A frame: what arrived, what the game makes of it, what is to be sent, and the picture. */
const frame = [
  ...clientReceive,
  askToPlay,
  (from: ClientWorld) => readPeople(from, view),
  (from: ClientWorld) => readMatch(from, view),
  (from: ClientWorld) => readEffects(from, view),
  (from: ClientWorld) => readLifecycle(from, view),
  input.send,
  ...clientSend,
  stage.draw,
  hud.show,
]

function loop(): void {
  // First, so that a frame that fails is not the last one.
  requestAnimationFrame(loop)
  runSystems(world, frame)
}

async function join(): Promise<void> {
  view.status = 'connecting'
  view.reason = ''
  try {
    await connect(world)
  } catch (error) {
    view.status = 'ended'
    view.reason = error instanceof Error ? error.message : String(error)
  }
}

/** `/name Robin` changes the name, anything else is for everyone. */
function say(text: string): void {
  if (view.status !== 'playing') return
  const name = /^\/name\s+(.+)/.exec(text)?.[1]
  if (name === undefined) sendMessage(world, Say, { text })
  else sendMessage(world, Join, { name: writeName(name) })
}

exposeGame(world, view)
requestAnimationFrame(loop)
await join()
