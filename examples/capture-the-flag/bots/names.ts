// What bots are called.
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

/** The name of a bot by its number; none comes twice. */
export function botName(index: number): string {
  const round = Math.floor(index / NAMES.length)
  return NAMES[index % NAMES.length]! + (round > 0 ? ` ${round + 1}` : '')
}
