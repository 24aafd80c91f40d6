// Objects whose properties are getters over typed arrays: what a game sees of a call or an event.

/**
 * An empty object with a prototype of its own, for getters to be defined on. Two objects of one prototype that get
 * different getters under the same name become hash tables in V8, whose getters are not inlined: each number read would
 * be boxed.
 */
export function createViewObject<Value>(): Record<string, Value> {
  return Object.create(Object.create(Object.prototype) as object) as Record<string, Value>
}
