// Serves the files of a folder: nothing hidden, nothing outside of the folder, precompressed where the browser accepts
// it.
import { type ReadStream, realpathSync, type Stats, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream'
import sirv from 'sirv'
import { UserError } from './user-error.js'

type Next = () => void
type ServeFile = (request: IncomingMessage, response: ServerResponse, next: Next) => void

/** Encodings of the precompressed files beside a file. */
const ENCODINGS = ['br', 'gzip']
/** The suffixes that sirv appends to a path when it looks for a file. */
const ENDS = ['', '.html', '/index', '/index.html'].flatMap((end) => [end, `${end}.br`, `${end}.gz`])

/**
 * Makes a handler that calls `next` when the folder has no file for a request. Files are looked up at each request, so
 * that a rebuilt page is served at once.
 *
 * @throws UserError when the folder is missing.
 */
export function serveFolder(path: string): ServeFile {
  const folder = resolve(path)
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) throw new UserError(`the folder of --static does not exist: ${folder}`)
  if (!found.isDirectory()) throw new UserError(`--static must name a folder, not a file: ${folder}`)
  const files = sirv(folder, { dev: true, etag: true, dotfiles: true, extensions: ['html'], brotli: true, gzip: true })
  return (request, response, next) => {
    const requested = pathOf(request)
    if (isHidden(requested)) return next()
    const kind = find(folder, requested)
    if (kind === 'none') return next()
    // Links of a page are relative to its folder only when its address ends with a slash.
    if (kind === 'folder' && !requested.endsWith('/')) return redirect(response, requested)
    keepAcceptedEncodings(request)
    if (!keepPlainRange(request)) return refuseRange(response)
    endFileWithAnswer(request, response)
    files(request, response, next)
  }
}

/** The path of a request, decoded. Paths that cannot be decoded stay unchanged, and match no file. */
export function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split(/[?#]/, 1)[0]!
  try {
    // As in sirv: an encoded slash does not count as a slash.
    return decodeURI(path)
  } catch {
    return path
  }
}

/** Whether a path leads to a hidden file, such as `.env`, or out of the folder. */
function isHidden(path: string): boolean {
  return decodeAll(path)
    .split(/[/\\]/)
    .some((part) => (part.startsWith('.') && part !== '.well-known') || part.includes('\0'))
}

function decodeAll(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * Finds what sirv would find. A link that leads out of the folder, or to something other than a file, hides every
 * candidate.
 */
function find(folder: string, path: string): 'file' | 'folder' | 'none' {
  const root = realpathSync(folder) + sep
  const base = join(folder, path.replace(/\/+$/, ''))
  let kind: 'file' | 'folder' | 'none' = 'none'
  for (const end of ENDS) {
    const candidate = base + end
    const found = lookAt(candidate)
    if (found === undefined) continue
    if (!(realpathSync(candidate) + sep).startsWith(root)) return 'none'
    if (found.isDirectory()) {
      if (end === '') kind = 'folder'
    } else if (!found.isFile()) return 'none'
    else if (kind === 'none') kind = 'file'
  }
  return kind
}

/** Undefined when nothing exists there; below a file nothing exists either. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** sirv uses an encoding whose name occurs in the header, even where `q=0` refuses it. */
function keepAcceptedEncodings({ headers }: IncomingMessage): void {
  const accepted = (headers['accept-encoding'] ?? '').toLowerCase().split(',')
  const kept = ENCODINGS.filter((name) =>
    accepted.some((entry) => entry.split(';', 1)[0]!.trim() === name && !/;\s*q=0(\.0*)?\s*$/.test(entry)),
  )
  headers['accept-encoding'] = kept.join(', ')
}

/**
 * sirv reads ranges with a first byte; a server may ignore all others. Returns false when the range ends before it
 * begins.
 */
function keepPlainRange({ headers }: IncomingMessage): boolean {
  const { range } = headers
  if (range === undefined) return true
  const [, first, last = ''] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range) ?? []
  const isPlain = first !== undefined && headers['if-range'] === undefined
  if (!isPlain) delete headers.range
  return !isPlain || last === '' || Number(last) >= Number(first)
}

function refuseRange(response: ServerResponse): void {
  response.writeHead(416, { 'content-range': 'bytes */*' })
  response.end()
}

/**
 * sirv leaves a file open when its client has disconnected, and a file that cannot be read would end the process. It
 * also sends what a file holds by now, which is more or less than it promised when the file was written meanwhile.
 */
function endFileWithAnswer(request: IncomingMessage, response: ServerResponse): void {
  response.once('pipe', (file: ReadStream) => {
    file.unpipe(response)
    if (request.method === 'HEAD') {
      file.destroy()
      response.end()
    } else pipeline(file, exactly(Number(response.getHeader('content-length'))), response, () => {})
  })
}

/** Passes on the first bytes. Too few are an error, which closes the connection: its client would wait for the rest. */
function exactly(bytes: number): (file: AsyncIterable<Buffer>) => AsyncGenerator<Buffer> {
  return async function* (file) {
    let left = bytes
    if (left > 0)
      for await (const chunk of file) {
        yield chunk.subarray(0, left)
        left -= chunk.length
        if (left <= 0) return
      }
    if (left > 0) throw new Error('the file became shorter')
  }
}

function redirect(response: ServerResponse, path: string): void {
  response.writeHead(301, { location: `./${encodeURIComponent(basename(path))}/` })
  response.end()
}
