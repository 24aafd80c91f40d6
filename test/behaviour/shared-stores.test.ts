// Two worlds over the same components need one entity index; who forgets it is told before anything is overwritten.
import { createEntityIndex, createWorld } from 'bitecs'
import {
  createClientWorld,
  createServerWorld,
  defineProtocol,
  drain,
  f32,
  NetworkErrors,
  type Protocol,
  replicate,
  UsageError,
} from 'bitecs-net'
import { createHostWorld, type Host, type HostWorld, startHost } from 'bitecs-net/host'
import { createTestNetwork } from 'bitecs-net/testing'
import { afterEach, describe, expect, it } from 'vitest'

const Position = { x: new Float32Array(100) }
const protocol = defineProtocol({ components: { Position: replicate(Position, { x: f32 }) } })
const Health = { hp: new Float32Array(100) }
const other = defineProtocol({ components: { Health: replicate(Health, { hp: f32 }) } })

const open: Host[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()))
})

function play(world: HostWorld): Host {
  const host = startHost(world)
  open.push(host)
  host.run({ server: [], client: [] })
  return host
}

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof UsageError) return error.code
    throw error
  }
  return ''
}

describe('while a world is open', () => {
  it.each<[string, (own: Protocol) => unknown]>([
    ['a server', (own) => createServerWorld(own)],
    ['a client', (own) => createClientWorld(own)],
    ['a host', (own) => createHostWorld(own)],
    ['a role in the game’s own world', (own) => createServerWorld(own, { world: createWorld() })],
  ])('%s over its components is refused without its entity index', (_, make) => {
    play(createHostWorld(protocol))
    expect(codeOf(() => make(protocol))).toBe('separate-entity-index')
    expect(() => make(protocol)).toThrow(/Position.* has its own entity index.*\{ entityIndex \}/)
    // Another component over the same array.
    const same = defineProtocol({ components: { Place: replicate({ x: Position.x }, { x: f32 }) } })
    expect(codeOf(() => make(same))).toBe('separate-entity-index')
    expect(codeOf(() => make(other))).toBe('')
  })

  it('another view over the same bytes is the same array; over other bytes of that buffer it is not', () => {
    const pool = new ArrayBuffer(1200)
    const over = (offset: number): Protocol => {
      const X = { x: new Float32Array(pool, offset, 100), y: new Float32Array(pool, offset + 400, 100) }
      return defineProtocol({ components: { X: replicate(X, { x: f32, y: f32 }) } })
    }
    play(createHostWorld(over(0)))
    expect(codeOf(() => createServerWorld(over(0)))).toBe('separate-entity-index')
    expect(codeOf(() => createServerWorld(over(396)))).toBe('separate-entity-index')
    const rest = { x: new Float32Array(pool, 800, 100) }
    expect(codeOf(() => createServerWorld(defineProtocol({ components: { X: replicate(rest, { x: f32 }) } })))).toBe('')
  })

  it('one that was made before it opened is refused when it opens', () => {
    const second = createHostWorld(protocol)
    const first = createHostWorld(protocol)
    play(first)
    expect(codeOf(() => play(second))).toBe('separate-entity-index')
    expect([...drain(first, NetworkErrors)]).toEqual([])
  })

  it('others with its entity index are made, and open', () => {
    const entityIndex = createEntityIndex()
    play(createHostWorld(protocol, { entityIndex }))
    play(createHostWorld(protocol, { entityIndex }))
    expect(createClientWorld(protocol, { entityIndex })).toBeDefined()
    expect(codeOf(() => createClientWorld(protocol, { world: createWorld(entityIndex) }))).toBe('')
  })

  it('one with other components opens, and it is reported that the library’s own are shared', () => {
    play(createHostWorld(protocol))
    const second = createHostWorld(other)
    play(second)
    expect([...drain(second, NetworkErrors)].map(({ code }) => code)).toEqual(['separate-entity-index'])
  })
})

describe('when a world has closed', () => {
  it('another takes its place, and it cannot open again beside that one', async () => {
    const first = createHostWorld(protocol)
    await play(first).close()
    const second = createHostWorld(protocol)
    const host = play(second)
    expect(codeOf(() => play(first))).toBe('separate-entity-index')
    await open.pop()!.close()
    await host.close()
    expect(codeOf(() => play(first))).toBe('')
    expect([...drain(second, NetworkErrors)]).toEqual([])
  })
})

describe('a host that runs by hand, as in tests', () => {
  it('stands beside others that were never closed', () => {
    for (let i = 0; i < 3; i++) startHost(createHostWorld(protocol))
    expect(codeOf(() => createServerWorld(protocol))).toBe('')
  })
})

describe('a test network', () => {
  it('stands beside others that were never closed', () => {
    for (let i = 0; i < 3; i++) expect(createTestNetwork(protocol, { clients: 2 }).clients).toHaveLength(2)
    expect(codeOf(() => createServerWorld(protocol))).toBe('')
  })

  it('refuses a client’s world over its components that has another entity index', () => {
    const net = createTestNetwork(protocol, { clients: 0 })
    const world = createClientWorld(protocol, { entityIndex: createEntityIndex(), now: () => net.now })
    expect(codeOf(() => net.connect({ world }))).toBe('separate-entity-index')
    expect(net.clients).toHaveLength(0)
  })

  it('takes one that shares its entity index', () => {
    const entityIndex = createEntityIndex()
    const net = createTestNetwork(protocol, { clients: 0, entityIndex })
    const world = createClientWorld(protocol, { entityIndex, now: () => net.now })
    expect(net.connect({ world }).connection).not.toBe(0)
  })
})
