// Finds the tests that are named by a promised behaviour, and where they run.
import ts from 'typescript'
import type { Behaviour } from '../behaviour/behaviours.js'
import type { Files, Violations } from './rules.js'

/** A test or a group of tests, by its name in the file. */
export interface NamedTest {
  readonly path: string
  readonly name: string
  /** The exported function around it, of a body that several networks share; else ''. */
  readonly sharedBy: string
  /** Tests in it, itself included. */
  readonly tests: number
}

/** Every `it` and `describe` of the file whose name is a literal. */
export function findTests(path: string, text: string): NamedTest[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: NamedTest[] = []
  const visit = (node: ts.Node, sharedBy: string): void => {
    const shared = ts.isFunctionDeclaration(node) && node.parent === file ? (node.name?.text ?? '') : sharedBy
    if (ts.isCallExpression(node) && testKind(node) !== undefined) {
      const name = node.arguments[0]
      if (name && ts.isStringLiteralLike(name)) {
        found.push({ path, name: name.text, sharedBy: shared, tests: countTests(node) })
      }
    }
    ts.forEachChild(node, (child) => visit(child, shared))
  }
  visit(file, '')
  return found
}

/** `it` or `describe`, also as `it.each(…)(…)`. */
function testKind(call: ts.CallExpression): 'it' | 'describe' | undefined {
  let callee: ts.Expression = call.expression
  if (ts.isCallExpression(callee) && ts.isPropertyAccessExpression(callee.expression))
    callee = callee.expression.expression
  if (!ts.isIdentifier(callee)) return undefined
  return callee.text === 'it' || callee.text === 'describe' ? callee.text : undefined
}

function countTests(node: ts.Node): number {
  let count = ts.isCallExpression(node) && testKind(node) === 'it' ? 1 : 0
  ts.forEachChild(node, (child) => {
    count += countTests(child)
  })
  return count
}

/** The functions that a file calls at its top level. */
function calledAtTop(path: string, text: string): Set<string> {
  const called = new Set<string>()
  for (const statement of ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false).statements) {
    if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) continue
    const callee = statement.expression.expression
    if (ts.isIdentifier(callee)) called.add(callee.text)
  }
  return called
}

/** The behaviours without a test of their name, or without one on a required network. `files`: tests and support. */
export function checkBehaviours(behaviours: Readonly<Record<number, Behaviour>>, files: Files): Violations {
  const violations: Violations = []
  const tests = [...files].flatMap(([path, text]) => findTests(path, text))
  const runs = [...files].map(([path, text]) => ({ path, called: calledAtTop(path, text) }))
  const runsIn = ({ path, sharedBy }: NamedTest, ending: string): boolean =>
    sharedBy === '' ? path.endsWith(ending) : runs.some((run) => run.path.endsWith(ending) && run.called.has(sharedBy))
  for (const [number, { sentence, webrtc }] of Object.entries(behaviours)) {
    const name = `${number}: ${sentence}`
    const named = tests.filter((test) => test.name === name)
    if (named.length === 0) violations.push(`no test has the name ${JSON.stringify(name)}`)
    else if (named.length > 1)
      violations.push(`${number} is the name of tests in ${named.map(({ path }) => path).join(', ')}`)
    for (const test of named) {
      if (test.tests === 0) violations.push(`${number}, in ${test.path}: no test is in the group`)
      if (webrtc && !runsIn(test, '.webrtc.test.ts'))
        violations.push(`${number}, in ${test.path}: not over real WebRTC`)
      const inMemory = test.sharedBy === '' ? !test.path.endsWith('.webrtc.test.ts') : runsInMemory(test, runs)
      if (!inMemory) violations.push(`${number}, in ${test.path}: not in memory`)
    }
  }
  return violations
}

function runsInMemory({ sharedBy }: NamedTest, runs: readonly { path: string; called: Set<string> }[]): boolean {
  return runs.some(
    ({ path, called }) => path.endsWith('.test.ts') && !path.endsWith('.webrtc.test.ts') && called.has(sharedBy),
  )
}
