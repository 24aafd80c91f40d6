// The code of a page: each block of TypeScript begins with the name of its file, and a later one of that name continues
// it.

/** The files of a page, by name, in the order in which they begin. Throws when a block does not name its file. */
export function codeFiles(markdown: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const [, text] of markdown.matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const name = /^\/\/ ([\w-]+\.ts)\n/.exec(text!)?.[1]
    if (name === undefined) throw new Error(`a block of code does not begin with the name of its file:\n${text}`)
    const before = files.get(name)
    files.set(name, before === undefined ? text! : `${before}\n${text!.slice(text!.indexOf('\n') + 1)}`)
  }
  return files
}
