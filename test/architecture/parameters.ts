// Counts the positional parameters of every function, method and constructor of the sources.
import ts from 'typescript'
import type { Files, Violations } from './rules.js'

/** Positional parameters that a function may have. */
export const MAX_PARAMETERS = 5

/** Functions that may have more, as `file: name`: they run for every value, slot or call of a tick. */
export const HOT_KERNELS: ReadonlySet<string> = new Set([
  'src/protocol/types/quaternion.ts: packParts',
  'src/remote/call-queue.ts: push',
  'src/replication/change-log.ts: record',
  'src/replication/client/client-columns.ts: readColumns',
  'src/replication/client/client-columns.ts: writeRotations',
  'src/replication/client/slot-indices.ts: gather',
  'src/replication/wire/array-loops.ts: gatherWords',
  'src/replication/wire/blocks.ts: writeBlock',
  'src/replication/wire/lanes.ts: writeWords3',
  'src/replication/wire/lanes.ts: writeWords4',
  'src/replication/wire/quaternion-column.ts: packAll',
  'src/replication/wire/read-lanes.ts: readWordsInto3',
  'src/replication/wire/read-lanes.ts: readWordsInto4',
  'src/replication/wire/slot-groups.ts: addAlike',
])

/** Checks that no function takes more than a few parameters, and that every exception is still needed. */
export function checkParameters(files: Files, exceptions: ReadonlySet<string>): Violations {
  const violations: Violations = []
  const unused = new Set(exceptions)
  for (const [path, text] of files) {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && node.parameters.length > MAX_PARAMETERS) {
        const name = nameOf(node)
        const { line } = source.getLineAndCharacterOfPosition(node.getStart())
        unused.delete(`${path}: ${name}`)
        if (!exceptions.has(`${path}: ${name}`)) {
          violations.push(
            `${path}:${line + 1}: ${name} takes ${node.parameters.length} parameters, more than ${MAX_PARAMETERS}`,
          )
        }
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  for (const name of unused) violations.push(`${name}: is listed, but takes at most ${MAX_PARAMETERS} parameters`)
  return violations
}

/** The name of a function; that of its class for a constructor. */
function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return node.parent.name?.text ?? 'class'
  return node.name?.getText() ?? 'function'
}
