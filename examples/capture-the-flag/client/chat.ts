// Handles the chat input: messages to everyone or to the team, and the command that changes the name.
import { sendMessage } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Join, Say } from '../protocol.js'
import { CHAT_LENGTH } from '../rules.js'
import { writeName } from './name.js'
import { element, setText } from './page-elements.js'

/** Enter focuses the chat input and sends what is in it. Escape leaves it without sending. */
export function createChat(world: ClientWorld): void {
  const line = element<HTMLInputElement>('chat')
  const target = element('chat-target')
  let toTeam = false
  line.maxLength = CHAT_LENGTH
  target.addEventListener('click', () => {
    toTeam = !toTeam
    setText(target, toTeam ? 'Team' : 'All')
    line.focus()
  })
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') line.blur()
    if (event.key !== 'Enter' || event.isComposing) return
    if (document.activeElement === line) {
      say(world, line.value.trim(), toTeam)
      line.value = ''
      line.blur()
      // Any other focused element keeps its own use of Enter.
    } else if (document.activeElement === document.body) {
      event.preventDefault()
      line.focus()
    }
  })
}

/** `/t hello` sends to the team, `/name Robin` changes the name. */
function say(world: ClientWorld, text: string, toTeam: boolean): void {
  const [, word, rest] = /^\/(t|name)\s+(.+)/.exec(text) ?? []
  if (rest === undefined) {
    if (text !== '') sendMessage(world, Say, { text, team: toTeam })
  } else if (word === 't') sendMessage(world, Say, { text: rest, team: true })
  else sendMessage(world, Join, { name: writeName(rest) })
}
