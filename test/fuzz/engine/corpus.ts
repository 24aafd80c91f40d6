// Reads and writes the files of the corpus: recordings of real play, and failures that were found.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { formatTape, parseTape, type Tape } from '../golden/tape.js'
import { formatRun, parseRun, type Run } from './steps.js'

/** From the root of the project, where tests and scripts run. */
const CORPUS = 'test/fuzz/corpus'
export const RECORDINGS = `${CORPUS}/recordings`
export const FOUND = `${CORPUS}/found`

function textFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  return names.sort().map((name) => `${folder}/${name}`)
}

export function readTapes(): Tape[] {
  return textFiles(RECORDINGS).map((file) => parseTape(readFileSync(file, 'utf8')))
}

/** Returns the file's name. */
export function writeTape(tape: Tape): string {
  const file = `${RECORDINGS}/${tape.name}.txt`
  mkdirSync(RECORDINGS, { recursive: true })
  writeFileSync(file, formatTape(tape))
  return file
}

/** The files of failures that were found, each of them a run. */
export function foundFiles(): string[] {
  return textFiles(FOUND)
}

export function readRun(file: string): ReturnType<typeof parseRun> {
  return parseRun(readFileSync(file, 'utf8'))
}

/** Returns the file's name. */
export function writeFound(run: Run, story: string): string {
  const file = `${FOUND}/${run.target}-${run.seed}.txt`
  mkdirSync(FOUND, { recursive: true })
  writeFileSync(file, formatRun(run, story))
  return file
}
