// Tests which options the command accepts, and its errors for wrong ones.
import { CommanderError } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parserOf } from '../../../src/cli/options.js'
import { findPhrases } from '../../../scripts/prose.mjs'
import { createProgram } from '../../../src/cli/program.js'
import { rate, serverAddress, wholeNumber } from '../../../src/cli/settings/kinds.js'

describe('an option', () => {
  it('for a count accepts whole numbers within its bounds', () => {
    const port = parserOf(wholeNumber(0, 65_535))
    expect(port('0')).toBe(0)
    expect(port('65535')).toBe(65_535)
    for (const wrong of ['', ' ', '-1', '65536', '1.5', '1e3', '0x10', 'x', '9999999999999999999999']) {
      expect(() => port(wrong)).toThrow('whole number from 0 to 65535')
    }
  })

  it('for a rate accepts what the loop can run', () => {
    expect(parserOf(rate)('1')).toBe(1)
    expect(parserOf(rate)('0.5e2')).toBe(50)
    expect(parserOf(rate)('1000')).toBe(1000)
    for (const wrong of ['', ' ', '0', '0.5', '1001', 'NaN', 'Infinity', 'fast']) {
      expect(() => parserOf(rate)(wrong)).toThrow('from 1 to 1000')
    }
  })

  it('for an address accepts http and https, and removes a slash at its end', () => {
    expect(parserOf(serverAddress)('http://127.0.0.1:9208/')).toBe('http://127.0.0.1:9208')
    expect(parserOf(serverAddress)('https://play.example.org')).toBe('https://play.example.org')
    for (const wrong of ['', '127.0.0.1:9208', 'ws://127.0.0.1', 'localhost', '/']) {
      expect(() => parserOf(serverAddress)(wrong)).toThrow('such as http://')
    }
  })
})

describe('the program', () => {
  let written: string

  beforeEach(() => {
    written = ''
    vi.stubEnv('PORT', undefined)
  })
  afterEach(() => vi.unstubAllEnvs())

  /** What commander throws in place of exiting. */
  async function refusalOf(...args: string[]): Promise<CommanderError> {
    const program = createProgram('1.2.3', () => undefined)
    for (const command of [program, ...program.commands]) {
      command.exitOverride()
      command.configureOutput({ writeErr: (text) => (written += text), writeOut: (text) => (written += text) })
    }
    try {
      await program.parseAsync(args, { from: 'user' })
    } catch (error) {
      if (error instanceof CommanderError) return error
      throw error
    }
    throw new Error('commander accepted it')
  }

  it('prints its version, and nothing more', async () => {
    expect((await refusalOf('--version')).exitCode).toBe(0)
    expect(written).toBe('1.2.3\n')
  })

  it('names its commands', async () => {
    expect((await refusalOf('--help')).exitCode).toBe(0)
    expect(written).toMatch(/^ {2}serve \[options\] <game module>/m)
    expect(written).toMatch(/^ {2}bots \[options\] <game module>/m)
  })

  it('shows the ten usual options of serve first, and the others under headings', async () => {
    expect((await refusalOf('serve', '--help')).exitCode).toBe(0)
    const first = written.slice(written.indexOf('Options:'), written.indexOf('Connections and timeouts:'))
    const names = [...first.matchAll(/--[a-z-]+(?= <)/g)].map(([name]) => name)
    expect(names).toHaveLength(10)
    expect(names.slice(0, 3)).toEqual(['--port', '--host', '--static'])
    expect(written.match(/^[A-Z].*:$/gm)).toHaveLength(7)
  })

  it.each([['--help'], ['serve', '--help'], ['bots', '--help'], ['bench', '--help']])(
    'writes the help of %s %s without the phrases that the linter forbids',
    async (...args) => {
      await refusalOf(...args)
      expect(findPhrases(written)).toEqual([])
    },
  )

  it.each([
    [['serve', 'game.ts', '--port', 'x'], 'Must be a whole number from 0 to 65535'],
    [['serve', 'game.ts', '--tick-rate', '0'], 'Must be a number from 1 to 1000'],
    [['serve', 'game.ts', '--max-connections', '0'], 'Must be a whole number from 1'],
    [['serve', 'game.ts', '--log-format', 'xml'], 'Must be one of pretty, json'],
    [['serve', 'game.ts', '--log-level', 'loud'], 'Must be one of trace'],
    [['serve', 'game.ts', '--drain-time', '30'], 'Must be a time with its unit, such as 500ms, 30s'],
    [['bots', 'game.ts', '--log-format', 'xml'], 'Allowed choices are pretty, json'],
    [['serve', 'game.ts', '--prot', '1'], "unknown option '--prot'"],
    [['serve'], "missing required argument 'game module'"],
    [['serve', 'a.ts', 'b.ts'], 'too many arguments'],
    [['bots', 'game.ts', '--count', '0'], 'Must be a whole number from 1 to 1024'],
    [['bots', 'game.ts', '--url', 'nowhere'], 'Must be an address'],
    [['sevre', 'game.ts'], "unknown command 'sevre'"],
  ])('refuses %j', async (args, text) => {
    expect((await refusalOf(...args)).exitCode).toBe(1)
    expect(written).toContain(text)
  })

  it('refuses a PORT of the environment that is none', async () => {
    vi.stubEnv('PORT', 'http')
    const program = createProgram('1.2.3', () => undefined)
    const refusal = program.parseAsync(['serve', 'game.ts'], { from: 'user' })
    await expect(refusal).rejects.toThrow(
      'the environment variable PORT must be a whole number from 0 to 65535, not "http"',
    )
  })
})
