// Runs the shop: two buttons send a request to the server and show its answer.
import { hasComponent, query } from 'bitecs'
import { refusalOf, request } from 'bitecs-net/requests'
import type { ClientWorld, System } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { Buy, Icy, Player, Swift } from '../protocol.js'
import { type Item, ITEMS } from '../rules.js'
import { element, setText } from './page-elements.js'

const STATES = { boots: Swift, ice: Icy } as const
const KEYS: Readonly<Record<string, Item>> = { Digit1: 'boots', Digit2: 'ice' }
const REFUSALS = { 'too-poor': 'Not enough coins', 'not-now': 'Not now' } as const
const NOTE_MS = 2000

export interface Shop {
  readonly show: System<ClientWorld>
}

export function createShop(world: ClientWorld): Shop {
  const items = Object.keys(ITEMS) as Item[]
  const note = element('shop-note')
  let noteUntil = 0

  async function buy(item: Item): Promise<void> {
    const [me] = query(world, [LocalPlayer])
    if (me === undefined) return
    try {
      const { coins } = await request(world, me, Buy, { item })
      say(`${coins} ${coins === 1 ? 'coin' : 'coins'} left`)
    } catch (error) {
      const reason = refusalOf(error, Buy)
      say(reason === undefined ? 'No answer' : REFUSALS[reason])
    }
  }

  function say(text: string): void {
    setText(note, text)
    noteUntil = performance.now() + NOTE_MS
  }

  for (const item of items) {
    const button = element(`buy-${item}`)
    button.addEventListener('click', () => {
      // A focused button would take the next press of space, which should throw.
      button.blur()
      void buy(item)
    })
  }
  addEventListener('keydown', (event) => {
    const item = KEYS[event.code]
    if (item !== undefined && !event.repeat && !(event.target instanceof HTMLInputElement)) void buy(item)
  })

  return {
    show() {
      const [me] = query(world, [LocalPlayer])
      const coins = me === undefined ? 0 : Player.coins[me]!
      setText(element('coins'), `${coins}`)
      for (const item of items) {
        const button = element(`buy-${item}`)
        setText(button.querySelector('i')!, `${ITEMS[item].price}`)
        button.dataset['active'] = `${me !== undefined && hasComponent(world, me, STATES[item])}`
        button.dataset['dear'] = `${coins < ITEMS[item].price}`
      }
      note.classList.toggle('shown', noteUntil > performance.now())
    },
  }
}
