// Bundles an app that imports the whole browser client, minified, and checks the size of the download.
import { gzipSync } from 'node:zlib'
import { ensureBuilt } from './ensure-built.mjs'
import { main, root } from './run.mjs'

/** Bytes after gzip. Includes geckos.io's client, but not bitecs, which every game has anyway. */
const BUDGET = 69 * 1024

// A quote before `node:`, since minified code may well have a property of that name.
const FORBIDDEN = [/["'`]node:[a-z]/, /@geckos\.io\/server/, /node-datachannel/]

await main(async () => {
  await ensureBuilt()
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    // Use all exports, so that nothing is missing from the measured size.
    stdin: { contents: "export * from './dist/client.js'", resolveDir: root, sourcefile: 'app.js' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['bitecs'],
    write: false,
    metafile: true,
    logLevel: 'warning',
    // Chunks have no side effects, so a bare import of one can be dropped.
    logOverride: { 'ignored-bare-import': 'silent' },
  })
  const [output] = outputFiles
  const problems = []
  for (const path of Object.keys(metafile.inputs)) {
    if (FORBIDDEN.some((word) => word.test(path))) problems.push(`${path} is in the browser bundle`)
  }
  for (const word of FORBIDDEN) {
    const at = output.text.search(word)
    if (at >= 0) problems.push(`the browser bundle contains "${output.text.slice(Math.max(0, at - 30), at + 50)}"`)
  }
  const size = gzipSync(output.contents, { level: 9 }).length
  if (size > BUDGET) problems.push(`the browser bundle has ${size} bytes after gzip, more than its budget of ${BUDGET}`)
  for (const problem of problems) console.error(problem)
  console.log(`Browser bundle: ${output.contents.length} bytes, ${size} after gzip (budget ${BUDGET})`)
  if (problems.length > 0) process.exitCode = 1
})
