// The real headless Chromium that the browser tests run in: an installed one (CHROME_PATH), or the one from npm.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** Switches that keep Chromium quiet: it contacts nothing but the pages of the test. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const HELP =
  'Browser tests need Chromium. On Linux x64 the development dependencies bring one (npm install). Elsewhere install ' +
  'Chrome or Chromium and set CHROME_PATH to its program file.'

/** Launches the browser. Close it when the tests are over. */
export async function launchChromium(): Promise<Browser> {
  const installed = process.env['CHROME_PATH']
  if (installed !== undefined) return await launch(installed)
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(HELP)
  const folder = await unpack()
  const program = join(folder, 'chromium')
  try {
    return await launch(program)
  } catch (error) {
    if (!/shared librar/.test(String(error))) throw error
    // The machine lacks libnss3, libnspr4 or libexpat: the package brings them.
    return await launch(program, {
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
      ...(existsSync('/etc/fonts') ? undefined : { FONTCONFIG_PATH: join(folder, 'fonts') }),
    })
  }
}

async function launch(executablePath: string, variables: Record<string, string> = {}): Promise<Browser> {
  try {
    return await chromium.launch({
      executablePath,
      args: ARGS,
      env: { ...process.env, ...variables } as Record<string, string>,
    })
  } catch (cause) {
    throw new Error(`cannot start ${executablePath}: ${String(cause)}\n${HELP}`, { cause })
  }
}

/**
 * Unpacks the browser once per version, and returns its folder. Every process unpacks into a folder of its own and
 * renames it at the end, so that test files running side by side never see half a browser.
 */
async function unpack(): Promise<string> {
  const version = packageVersion('@sparticuz/chromium')
  const cache = join(tmpdir(), 'bitecs-net-chromium')
  const folder = join(cache, version)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const own = await mkdtemp(join(cache, 'unpacking-'))
  // The package unpacks into the temporary folder, and its libraries only where it believes to be in the cloud.
  const restore = setVariables({ TMPDIR: own, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x', LD_LIBRARY_PATH: undefined })
  try {
    const { default: sparticuz } = await import('@sparticuz/chromium')
    await sparticuz.executablePath()
  } finally {
    restore()
  }
  try {
    await rename(own, folder)
  } catch (error) {
    // Another process was quicker.
    if (!existsSync(folder)) throw error
    await rm(own, { recursive: true, force: true })
  }
  return folder
}

function setVariables(variables: Record<string, string | undefined>): () => void {
  const former = Object.keys(variables)
    .concat('FONTCONFIG_PATH', 'HOME')
    .map((name) => [name, process.env[name]] as const)
  const assign = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const [name, value] of Object.entries(variables)) assign(name, value)
  return () => {
    for (const [name, value] of former) assign(name, value)
  }
}

function packageVersion(name: string): string {
  const require = createRequire(import.meta.url)
  const manifest = join(dirname(require.resolve(name)), '..', '..', 'package.json')
  return (require(manifest) as { version: string }).version
}
