// `npm run attacks`: all attacks, against a bare server each and against ours with players on it, as a table; or the
// flood.
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { ATTACKS } from './attacks.js'
import { measureFlood } from './flood.js'
import { LINK_ATTACKS } from './link-attacks.js'
import { OUTAGES } from './outages.js'
import { Arena, attackBare, type Outcome } from './suite.js'
import { WITHHOLDING } from './withheld-acknowledgements.js'

interface Settings {
  flood: boolean
  requests: number
  players: number
  rounds: number
  bare: boolean
  only?: string
}

const {
  flood,
  requests,
  players,
  rounds,
  bare,
  only = '',
} = new Command('npm run attacks --')
  .description('Attacks a server of ours while others play on it, and geckos.io as it comes, as evidence.')
  .option('--no-bare', 'ours only')
  .option('--only <words>', 'those with these words in their name')
  .option('--flood', 'measures a flood of unauthenticated requests instead', false)
  .option('--requests <n>', 'requests of the flood', Number, 5000)
  .option('--players <n>', 'players during the flood', Number, 32)
  .option('--rounds <n>', 'floods, one after the other', Number, 2)
  .parse()
  .opts<Settings>()

// Built beside this one.
const program = fileURLToPath(new URL('attacks-process.mjs', import.meta.url))

const wordsOf = ({ state, words }: Outcome): string => (words === '' ? state : `${state}: ${words}`)

const ALL = [...ATTACKS, ...LINK_ATTACKS, ...WITHHOLDING, ...OUTAGES]
const attacks = ALL.filter(({ name }) => name.includes(only))

async function runAttacks(): Promise<void> {
  let withstood = 0
  let asExpected = 0
  const arena = await Arena.start(program, 1, 4)
  const { rss } = await arena.collect()
  try {
    console.log(bare ? '| attack | bare geckos | ours |\n|---|---|---|' : '| attack | ours |\n|---|---|')
    for (const attack of attacks) {
      const evidence = bare && attack.bare !== 'none' ? await attackBare(program, attack) : undefined
      const outcome = await arena.attack(attack)
      if (outcome.state === 'serves' && outcome.words === '') withstood++
      const isExpected =
        attack.bare === 'harmed' ? evidence?.state !== 'serves' || evidence.words !== '' : evidence?.state !== 'serves'
      if (evidence !== undefined && isExpected) asExpected++
      const cells = [
        attack.name,
        ...(bare ? [evidence === undefined ? 'has no such part' : wordsOf(evidence)] : []),
        wordsOf(outcome),
      ]
      console.log(`| ${cells.join(' | ')} |`)
    }
    const after = (await arena.collect()).rss
    console.log(`\nMemory of our server: ${rss >> 20} MB before, ${after >> 20} MB after.`)
  } finally {
    await arena.stop()
  }
  console.log(`\nOurs withstood ${withstood} of ${attacks.length}.`)
  if (bare)
    console.log(
      `A bare server was ended, hung or harmed by ${asExpected} of ${attacks.filter((one) => one.bare !== 'none').length}.`,
    )
  process.exitCode = withstood === attacks.length ? 0 : 1
}

if (flood) await measureFlood({ program, requests, players, rounds })
else await runAttacks()
// geckos' clients and open sockets would keep the process for seconds.
process.exit()
