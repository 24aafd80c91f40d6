// Waiting for something real to happen, with a limit.

/** Looks again every other millisecond until `condition` holds; throws after `limit` milliseconds, naming `what`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limit = 5000): Promise<void> {
  const start = performance.now()
  while (!(await condition())) {
    if (performance.now() - start > limit) throw new Error(`waited ${limit} ms in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
