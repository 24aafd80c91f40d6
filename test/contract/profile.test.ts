// `npm run profile`: a CPU profile of a real run of the benchmark, and its summary.
import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'

const run = promisify(execFile)

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string; readonly url: string } }[]
  readonly samples: readonly number[]
}

describe('npm run profile', () => {
  it('writes the CPU profile of a scenario, and shows the functions of the library by self time', async () => {
    const { stdout } = await run(process.execPath, ['scripts/profile.mjs', 'loopback', '--quick'], { cwd: root })
    const file = /Profile over [\d.]+ s: (bench\/results\/profiles\/loopback-\S+\.cpuprofile)$/m.exec(stdout)?.[1]
    expect(file).toBeDefined()
    try {
      const profile = JSON.parse(readFileSync(root + file!, 'utf8')) as CpuProfile
      expect(profile.samples.length).toBeGreaterThan(100)
      expect(profile.nodes.some(({ callFrame }) => callFrame.url.endsWith('/bench.mjs'))).toBe(true)
    } finally {
      rmSync(root + file!)
    }
    const [, ours] = stdout.split('the library alone\n')
    // Places in the sources, not in the bundle.
    expect(ours).toMatch(/^ +\d+\.\d ms +\d+\.\d %  \w+ +(src|systems)\/\S+\.ts:\d+$/m)
  }, 180_000)

  it('refuses a scenario that there is not, and shows those that there are without one', async () => {
    const unknown = run(process.execPath, ['scripts/profile.mjs', 'nothing'], { cwd: root })
    await expect(unknown).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Must be one of allocation,'),
    })
    const none = run(process.execPath, ['scripts/profile.mjs'], { cwd: root })
    await expect(none).rejects.toMatchObject({ code: 2, stdout: expect.stringContaining('loopback') })
  }, 60_000)
})
