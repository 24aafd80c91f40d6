// Loads a scene before it begins, and updates the page when it has begun.
import { drain } from 'bitecs-net'
import { isScene, type SceneEvent, SceneEvents, setSceneLoader } from 'bitecs-net/scenes'
import type { ClientWorld } from 'bitecs-net/client'
import { Lobby, Match, Results } from '../protocol.js'
import type { Team } from '../rules.js'
import { makeDrifts } from './drifts.js'
import { announce, type View } from './view.js'

const BANNER_MS = 2500

/** Sets the page's scene loader. The library tells the server when it is done, and holds back the rest until then. */
export function loadScenes(world: ClientWorld, view: View): void {
  setSceneLoader(world, async (load) => {
    // In a host world the server side calls the loader too, and has no snow to draw.
    if (load.side === 'server' || load.action === 'unload' || !isScene(load, Match)) return
    view.drifts = await makeDrifts(load.args.seed, (fraction) => load.progress(fraction), load.signal)
  })
}

/** Switches the page to the scene that is played now. */
export function readScenes(world: ClientWorld, view: View): void {
  for (const event of drain(world, SceneEvents)) if (event.kind === 'changed') begin(view, event)
}

function begin(view: View, event: SceneEvent): void {
  view.banner = undefined
  view.notice = undefined
  if (isScene(event, Lobby)) view.scene = 'lobby'
  if (isScene(event, Match)) {
    view.scene = 'match'
    const { capturesToWin } = event.args
    const goal = capturesToWin === 1 ? 'the first capture wins' : `first to ${capturesToWin} captures`
    view.banner = announce('Go!', goal, undefined, BANNER_MS)
  }
  if (isScene(event, Results)) {
    const { winner, blue, orange } = event.args
    view.scene = 'results'
    view.result = { winner: winner as Team, blue, orange }
  }
}
