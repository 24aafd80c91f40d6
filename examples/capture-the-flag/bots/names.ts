// Names the bots.
const NAMES = [
  'Juniper',
  'Rowan',
  'Aspen',
  'Maple',
  'Hazel',
  'Alder',
  'Linden',
  'Birch',
  'Cedar',
  'Larch',
  'Elm',
  'Yew',
]

/** Returns the unique name of the bot with this number. */
export function botName(index: number): string {
  const round = Math.floor(index / NAMES.length)
  return NAMES[index % NAMES.length]! + (round > 0 ? ` ${round + 1}` : '')
}
