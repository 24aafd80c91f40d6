// The names of the tests in a file, read from its syntax: each by itself, and behind the groups that it stands in.
import ts from 'typescript'

const GROUP = 'describe'
const TESTS = new Set(['it', 'test'])

/** A test's own name, and its full one: its groups before it. What a template fills in is left out from there on. */
export interface TestName {
  readonly own: string
  readonly full: string
}

/** The tests of a file, in its order. */
export function testNames(path: string, text: string): TestName[] {
  const names: TestName[] = []
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest), '')
  return names

  function visit(node: ts.Node, groups: string): void {
    let within = groups
    if (ts.isCallExpression(node)) {
      const what = calledName(node.expression)
      const name = textOf(node.arguments[0])
      if (what === GROUP && name !== undefined) within = `${groups}${name} `
      else if (what !== undefined && TESTS.has(what) && name !== undefined)
        names.push({ own: name, full: groups + name })
    }
    ts.forEachChild(node, (child) => visit(child, within))
  }
}

/** `it` for `it(…)`, `it.each(…)(…)` and the like. */
function calledName(callee: ts.Expression): string | undefined {
  if (ts.isIdentifier(callee)) return callee.text
  if (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) return calledName(callee.expression)
  return undefined
}

function textOf(argument: ts.Expression | undefined): string | undefined {
  if (argument === undefined) return undefined
  if (ts.isStringLiteralLike(argument)) return argument.text
  return ts.isTemplateExpression(argument) ? argument.head.text : undefined
}
