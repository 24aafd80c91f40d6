// Tests that the rules of state and systems can fail: each checks a small made-up file that breaks it.
import { describe, expect, it } from 'vitest'
import { checkSlices, checkStates, checkSystems } from './state-rules.js'

describe('systems', () => {
  const violationsOf = (body: string): string[] => {
    return checkSystems(new Map([['systems/a.ts', `export function a(world: World): void {\n${body}\n}\n`]]))
  }

  it.each([
    ['several steps', 'one(world)\ntwo(world)'],
    ['a step that depends on the state', 'const { x } = server(world)\nif (x) one(x)'],
    ['a loop', 'for (const x of server(world).list) one(x)'],
  ])('may have %s', (_, body) => {
    expect(violationsOf(body)).toEqual([])
  })

  it.each([
    ['a call', 'server(world).run()'],
    ['a call that may be skipped', 'server(world).session?.run()'],
    ['a call after reading the state', 'const x = server(world)\nx.run(x.tick)'],
    ['a call that is returned', 'return run(world)'],
    ['nothing', ''],
  ])('may not be only %s', (_, body) => {
    expect(violationsOf(body)).toEqual(['systems/a.ts: a is a one-line call; put its steps here'])
  })

  it('are limited to one per file, except in the pipelines', () => {
    const text = 'export function a() { one()\ntwo() }\nexport function b() { one()\ntwo() }'
    expect(checkSystems(new Map([['systems/a.ts', text]]))).toEqual([
      'systems/a.ts: exports 2 systems, must export one',
    ])
    expect(checkSystems(new Map([['systems/index.ts', text]]))).toEqual([])
  })
})

describe('the state of a side', () => {
  it('may not be repeated in part by an interface', () => {
    const files = new Map([
      ['src/world/a.ts', 'interface SceneContext {}\nclass B {}\ntype C = Pick<ServerState, "tick">'],
      ['src/cli/a.ts', 'interface RunContext {}'],
    ])
    expect(checkSlices(files)).toEqual([
      "src/world/a.ts:1: SceneContext is a slice of a side's state; take the whole",
      "src/world/a.ts:3: Pick<ServerState is a slice of a side's state; take the whole",
    ])
  })

  it('may not be a class', () => {
    expect(checkStates(new Map([['src/world/a.ts', 'export class ServerState {}']]))).toEqual([
      'src/world/a.ts: ServerState is a class; make it data',
    ])
  })
})
