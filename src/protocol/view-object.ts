// Makes objects whose properties are getters over typed arrays: the game's view of a call or an event.

/**
 * Makes an empty object with its own prototype, to define getters on. Objects that share a prototype but have
 * different getters under the same name become hash tables in V8, which does not inline their getters. Each number
 * read would be boxed.
 */
export function createViewObject<Value>(): Record<string, Value> {
  return Object.create(Object.create(Object.prototype) as object) as Record<string, Value>
}
