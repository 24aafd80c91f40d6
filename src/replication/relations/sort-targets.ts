// Puts entities behind those that they relate to: parents before children.
import { slotOf } from '../../protocol/net-id.js'
import { SlotSet } from '../slot-set.js'
import type { ViewChanges } from '../view-changes.js'

/**
 * Reorders `entering` so that each entity comes behind the targets that `visitTargets` names for its slot; otherwise the
 * order stays, and a circle is cut anywhere. A depth-first search with a stack of its own, since chains may be long.
 */
export function sortTargetsFirst(
  entering: ViewChanges,
  visitTargets: (slot: number, visit: (target: number) => void) => void,
): void {
  const { netIds, count } = entering
  const netIdOf = new Map<number, number>()
  for (let i = 0; i < count; i++) netIdOf.set(slotOf(netIds[i]!), netIds[i]!)
  const opened = new SlotSet()
  const closed = new SlotSet()
  const stack: number[] = []
  let placed = 0
  const visit = (slot: number): void => {
    if (!opened.has(slot)) stack.push(slot)
  }
  for (const first of netIdOf.keys()) {
    visit(first)
    while (stack.length > 0) {
      const slot = stack[stack.length - 1]!
      if (opened.add(slot)) {
        visitTargets(slot, visit)
        continue
      }
      stack.pop()
      if (closed.add(slot)) netIds[placed++] = netIdOf.get(slot)!
    }
  }
}
