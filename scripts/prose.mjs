// Lists the phrases that have no good use in this project's prose, and finds them in a text.

/** Each phrase with what to write instead. A space matches any white space, so a phrase may span lines. */
const PHRASES = [
  ['for ever', 'indefinitely, permanently'],
  ['anew', 'again'],
  ['ceases? to', 'stops'],
  ['tells of', 'reports'],
  ['(?:is|are|was|were|be) told of', 'is notified of'],
  ['whoever', 'name the actor: a client, a joining client'],
  ['stands? still', 'is not ticking, is blocked'],
  ['for people', 'human-readable'],
  ['weighs? on', 'counts against'],
  ['gives? way', 'is evicted, is replaced'],
  ['takes in', 'reads, applies, accepts'],
  ['(?:is|are) let in', 'is admitted'],
  ['of its own accord', 'by itself'],
].map(([phrase, instead]) => ({
  pattern: new RegExp(`\\b${phrase.replaceAll(' ', '\\s+')}\\b`, 'gi'),
  instead,
}))

/** The longest line of comments and Markdown, in columns. */
export const MAX_COLUMNS = 120

/** Whether a file header begins with a word that makes a riddle of it. */
export function isRiddle(header) {
  return /^[\s/*]*(?:What|Who|Whether|Which)\b/.test(header)
}

/** Finds the phrases in a text: what was found, where, and what to write instead. */
export function findPhrases(text) {
  return PHRASES.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map((match) => ({
      found: match[0].replace(/\s+/g, ' '),
      index: match.index,
      instead,
    })),
  )
}
