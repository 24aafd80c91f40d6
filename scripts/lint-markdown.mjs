// Checks every Markdown file for phrases to avoid and for long lines.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findPhrases, MAX_COLUMNS } from './prose.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Folders that hold no Markdown of this project. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', 'artefacts', '.git'])

function markdownFiles(folder) {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = folder + entry.name
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownFiles(`${path}/`)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** Replaces code and the names of tests by spaces. Line breaks stay, so that positions are right. */
function withoutCode(text) {
  const blank = (code) => code.replace(/[^\n]/g, ' ')
  return text
    .replace(/^ *```[\s\S]*?^ *```/gm, blank)
    .replace(/`[^`\n]+`/g, blank)
    .replace(/\[[^\]]*\]\([./]*test\/[^)]*\)/g, blank)
}

/** Removes the entries of released versions from the changelog: they stay as they were published. */
function withoutHistory(path, text) {
  if (path !== 'CHANGELOG.md') return text
  const released = /^## (?!.*unreleased).*\d/im.exec(text)
  return released === null ? text : text.slice(0, released.index)
}

function lint(path) {
  const text = withoutHistory(path, readFileSync(root + path, 'utf8'))
  const prose = withoutCode(text)
  const problems = findPhrases(prose).map(({ found, index, instead }) => {
    const line = prose.slice(0, index).split('\n').length
    return { line, message: `"${found}": write instead: ${instead}` }
  })
  const originals = text.split('\n')
  prose.split('\n').forEach((line, i) => {
    const isExempt = originals[i].startsWith('|') || line.trim() === ''
    if (!isExempt && originals[i].length > MAX_COLUMNS) {
      problems.push({ line: i + 1, message: `${originals[i].length} columns: at most ${MAX_COLUMNS}` })
    }
  })
  return problems.map(({ line, message }) => `${path}:${line}: ${message}`)
}

const problems = markdownFiles('').flatMap(lint)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
