// Packs the library as it would be published and checks the package's manifest, types and files.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from './ensure-built.mjs'
import { main, runNode, runNpm } from './run.mjs'

await main(async () => {
  await ensureBuilt()
  const folder = mkdtempSync(join(tmpdir(), 'bitecs-net-pack-'))
  try {
    await runNpm('npm pack', ['pack', '--ignore-scripts', '--pack-destination', folder])
    const tarball = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz')),
    )
    await runNode('publint', 'node_modules/publint/src/cli.js', ['run', tarball, '--strict'])
    // The package is ESM only, so `require` is not supported.
    const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
    await runNode('attw', attw, [tarball, '--profile', 'esm-only', '--no-emoji'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log('The package is sound.')
})
