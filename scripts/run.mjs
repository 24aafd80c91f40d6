// Runs a command with its output shown, for the scripts beside this file. Needs nothing installed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The root of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Thrown when a command fails; the script ends with its exit code. */
export class CommandFailed extends Error {
  constructor(title, code) {
    super(`${title} failed`)
    this.code = code
  }
}

/** Runs a program to its end. Rejects with {@link CommandFailed} unless it exits with 0. */
export function run(title, program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new CommandFailed(title, code ?? 1))))
  })
}

/** Runs a file of an installed package with this Node: `runNode('Types', 'node_modules/typescript/bin/tsc', [...])`. */
export function runNode(title, file, args, options) {
  return run(title, process.execPath, [file, ...args], options)
}

/** Runs npm, the same one that started this script where there is one. */
export function runNpm(title, args, options) {
  const own = process.env.npm_execpath
  if (own?.endsWith('.js')) return run(title, process.execPath, [own, ...args], options)
  return run(title, 'npm', args, { shell: process.platform === 'win32', ...options })
}

/** Runs the main function of a script. A failed command prints one line instead of a stack trace. */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    console.error(error instanceof CommandFailed ? `\n${error.message}` : error)
    process.exitCode = error instanceof CommandFailed ? error.code : 1
  }
}
