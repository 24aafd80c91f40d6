// A process whose event loop is busy with something else.

/** Blocks the event loop, in milliseconds. */
export function standStill(duration: number): void {
  const end = performance.now() + duration
  while (performance.now() < end);
}
