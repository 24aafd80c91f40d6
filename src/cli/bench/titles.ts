// The scenarios of a game, as `--help` names them: apart from what they load.

export const gameScenarioTitles = [
  { name: 'encode', title: "finding and encoding one tick's changes" },
  { name: 'decode', title: "a client's frame that applies them" },
  { name: 'join', title: 'the first state of a client' },
  { name: 'dispatch', title: 'each call and message, from the verb to the drain' },
] as const
