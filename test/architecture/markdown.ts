// Reads links, tables and code blocks of Markdown for the tests of the documents.

/** A link within the project: its text, the path as written ('' for the page itself), and the heading behind `#`. */
export interface Link {
  readonly text: string
  readonly path: string
  readonly heading: string
}

const CODE = /^```[\s\S]*?^```/gm

/** The relative links, in order, except in code. */
export function relativeLinks(markdown: string): Link[] {
  return [...markdown.replace(CODE, '').matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)]
    .filter(([, , target]) => !/^\w+:/.test(target!))
    .map(([, text, target]) => {
      const [path, heading = ''] = target!.split('#')
      return { text: text!, path: path!, heading }
    })
}

/** What the headings of a page are linked by, as GitHub makes it of their text. */
export function headingNames(markdown: string): Set<string> {
  const headings = [...markdown.replace(CODE, '').matchAll(/^#+ (.*)$/gm)]
  return new Set(
    headings.map(([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The rows of the tables that have a column of this name, each as its cells by column. */
export function tableRows(markdown: string, column: string): Map<string, string>[] {
  const rows: Map<string, string>[] = []
  let columns: string[] | undefined
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('|')) {
      columns = undefined
      continue
    }
    const cells = line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
    if (columns === undefined) columns = cells
    else if (columns.includes(column) && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      rows.push(new Map(columns.map((name, i) => [name, cells[i] ?? ''])))
    }
  }
  return rows
}
