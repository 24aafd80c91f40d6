// The rules of state and systems: systems hold the steps of the tick, and the state of a side has no slice interfaces.
import ts from 'typescript'
import type { Files, Violations } from './rules.js'

const PIPELINES = 'systems/index.ts'

/**
 * Checks that each system holds the steps that its name promises: it exports one function of the world, whose body does
 * more than look up the state and make one call.
 */
export function checkSystems(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    if (!path.startsWith('systems/') || path === PIPELINES) continue
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    const systems = file.statements.filter(isSystem)
    if (systems.length !== 1) violations.push(`${path}: exports ${systems.length} systems, must export one`)
    for (const { name, body } of systems) {
      if (isOneCall(body))
        violations.push(`${path}: ${name?.text ?? 'the system'} is a one-line call; put its steps here`)
    }
  }
  return violations
}

/**
 * An exported function, unless it takes a client's state: then it is a part of the steps that a hidden tab runs too.
 */
function isSystem(node: ts.Statement): node is ts.FunctionDeclaration {
  if (!ts.isFunctionDeclaration(node) || node.body === undefined) return false
  const isExported = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0
  return isExported && node.parameters[0]?.name.getText() !== 'client'
}

/** Whether a body only looks up the state, with declarations, and hands it to one call. */
function isOneCall(body: ts.FunctionBody | undefined): boolean {
  const steps = body?.statements.filter((node) => !ts.isVariableStatement(node)) ?? []
  return steps.length === 0 || (steps.length === 1 && isCall(steps[0]!))
}

function isCall(node: ts.Statement): boolean {
  const called = ts.isExpressionStatement(node) || ts.isReturnStatement(node) ? node.expression : undefined
  return called !== undefined && (ts.isCallExpression(called) || ts.isCallChain(called))
}

/**
 * Checks that no interface re-declares a slice of a side's state: a function takes the whole state, and the state's
 * types stand in files without such functions, so that nothing needs a slice to avoid an import cycle.
 */
export function checkSlices(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    if (!path.startsWith('src/world/') && !path.startsWith('systems/')) continue
    text.split('\n').forEach((line, i) => {
      const slice = /\b(?:interface|type|class) (\w+Context)\b/.exec(line)?.[1] ?? /\bPick<\w+State\b/.exec(line)?.[0]
      if (slice !== undefined)
        violations.push(`${path}:${i + 1}: ${slice} is a slice of a side's state; take the whole`)
    })
  }
  return violations
}

/** Checks that no class holds a side's tick: the state is an interface, and functions over it are free. */
export function checkStates(files: Files): Violations {
  const violations: Violations = []
  for (const [path, text] of files) {
    const name = /\bclass (\w+(?:Role|State))\b/.exec(text)?.[1]
    if (path.startsWith('src/world/') && name !== undefined)
      violations.push(`${path}: ${name} is a class; make it data`)
  }
  return violations
}
