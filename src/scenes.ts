// Exports scenes, as "bitecs-net/scenes": how they are defined, changed on the server, and loaded on both sides.
export { defineScene, type Scene } from './protocol/scenes.js'
export { isScene, type LoadedScene, type SceneEvent, SceneEvents } from './world/scene-events.js'
export type { SceneLoad, SceneLoader } from './world/scene-runner.js'
export {
  changeScene,
  loadScene,
  type SceneArguments,
  type SceneOptions,
  scenesOf,
  type SceneTarget,
  setScene,
  setSceneLoader,
  unloadScene,
} from './verbs/scenes.js'
