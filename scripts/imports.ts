// Finds every import of a TypeScript or JavaScript file, and the file that it resolves to.
import { existsSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'

/** One import, export-from, dynamic import, require or import type. */
export interface Import {
  /** The module as written, or undefined for a dynamic import whose module is only known at run time. */
  readonly specifier: string | undefined
  /** Whether the import is absent from the built code. */
  readonly typeOnly: boolean
  /** Line of the file, from 1. */
  readonly line: number
}

/** The imports of each file, cached: several rules read the same files, and parsing takes most of their time. */
const found = new Map<string, { readonly text: string; readonly imports: readonly Import[] }>()

/** Returns every import of the file, in source order. */
export function findImports(path: string, text: string): readonly Import[] {
  const known = found.get(path)
  if (known?.text === text) return known.imports
  const imports = parseImports(path, text)
  found.set(path, { text, imports })
  return imports
}

function parseImports(path: string, text: string): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
  const imports: Import[] = []
  const add = (node: ts.Node, module: ts.Node | undefined, typeOnly: boolean): void => {
    const specifier = module && ts.isStringLiteralLike(module) ? module.text : undefined
    imports.push({ specifier, typeOnly, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnlyClause(node.importClause))
    } else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier) add(node, node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    } else if (ts.isImportEqualsDeclaration(node)) {
      if (ts.isExternalModuleReference(node.moduleReference)) {
        add(node, node.moduleReference.expression, node.isTypeOnly)
      }
    } else if (ts.isCallExpression(node) && isModuleCall(node.expression)) {
      add(node, node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return imports
}

// With `verbatimModuleSyntax` an import of `{ type A }` still runs the module, so only the clause's own `type` counts.
function isTypeOnlyClause(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function isModuleCall(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

/**
 * The file that a relative import leads to, among `paths` (relative to the root, with `/`): `./x.js` may stand for
 * `./x.ts`, as TypeScript has it. Undefined when there is none.
 */
export function resolveRelative(from: string, specifier: string, paths: ReadonlySet<string>): string | undefined {
  const plain = posix.normalize(posix.join(posix.dirname(from), specifier))
  const candidates = [plain, plain.replace(/\.js$/, '.ts'), plain.replace(/\.mjs$/, '.mts')]
  return candidates.find((candidate) => paths.has(candidate))
}

/** Whether the import names a file rather than a package. */
export function isRelative(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../') || specifier === '.' || specifier === '..'
}

/** Every code file under a folder of `root`, as a path relative to `root` with `/`, sorted. */
export function listCode(root: string, folder: string): string[] {
  if (!existsSync(root + folder)) return []
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(ts|mts|js|mjs)$/.test(path) && !path.endsWith('.d.ts') && !/\/(dist|artefacts)\//.test(path))
    .sort()
}
