// Checks what an editor shows on hovering: everything that an entry exports has a doc comment in the built types.
import { describe, expect, it } from 'vitest'
import ts from 'typescript'
import { readEntries } from '../../scripts/entries.js'

describe('the types, as built', () => {
  const entries = readEntries().map(({ name, built }) => ({ name, file: built.replace(/\.js$/, '.d.ts') }))
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      skipLibCheck: true,
    },
  )
  const checker = program.getTypeChecker()

  it.each(entries)('$name: every export has a doc comment', ({ file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
    const symbols = checker.getExportsOfModule(module)
    expect(symbols.length).toBeGreaterThan(0)
    const silent = symbols
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
    expect(silent.map((symbol) => symbol.name)).toEqual([])
  })
})
