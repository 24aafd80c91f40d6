// Installs the library as a user's `npm install` would lay it out, without a registry: its packed files, and its peers.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { manifest, root } from '../../scripts/entries.js'

/** One file of the package, as npm would publish it. */
export interface PackedFile {
  readonly path: string
  readonly mode: number
}

/** What a finished program came to. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const LIMIT_MS = 20_000

/** The files that npm would publish. Throws when npm fails. */
export function packedFiles(): PackedFile[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const npm = spawnSync('npm', args, { cwd: root, encoding: 'utf8', timeout: LIMIT_MS })
  if (npm.status !== 0) throw new Error(`npm pack failed:\n${npm.stderr}`)
  // npm 11 prints a list of packages, later ones an object by name.
  const packed = Object.values(JSON.parse(npm.stdout) as Record<string, { readonly files: readonly PackedFile[] }>)[0]
  if (packed === undefined) throw new Error('npm pack named no package')
  return [...packed.files]
}

/** A folder with the packed library and some of this project's packages installed. */
export class Installation {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), 'bitecs-net-installed-')))
  readonly library: string = join(this.folder, 'node_modules', manifest.name)

  constructor(files: readonly PackedFile[], packages: readonly string[]) {
    for (const { path, mode } of files) {
      const target = join(this.library, path)
      mkdirSync(dirname(target), { recursive: true })
      cpSync(root + path, target)
      chmodSync(target, mode)
    }
    for (const name of packages) {
      const link = join(this.folder, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), link, 'junction')
    }
  }

  /** Runs a module's text, as a file of the folder, in a Node of its own. */
  run(text: string): Finished {
    return this.node('--input-type=module', '--eval', text)
  }

  /** Runs Node with these arguments in the folder. */
  node(...args: readonly string[]): Finished {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: LIMIT_MS,
    })
    return { code: status, stdout, stderr }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
