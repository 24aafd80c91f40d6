// Names the scenarios of a game for `--help`, without loading what they need.

export const gameScenarioTitles = [
  { name: 'encode', title: "finding and encoding one tick's changes" },
  { name: 'decode', title: "a client's frame that applies them" },
  { name: 'join', title: 'the first state of a client' },
  { name: 'dispatch', title: 'each call and message, from the verb to the drain' },
] as const
