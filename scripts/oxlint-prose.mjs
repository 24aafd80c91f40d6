// Checks the comments of TypeScript and JavaScript: phrases, file headers and length. Loaded by oxlint.
import { findPhrases, isRiddle, MAX_COLUMNS } from './prose.mjs'

/** Joins line comments that follow each other, so that a phrase is also found across two of them. */
function joinComments(comments) {
  const joined = []
  for (const comment of comments) {
    const last = joined.at(-1)
    const follows = last?.type === 'Line' && comment.type === 'Line' && comment.loc.start.line === last.line + 1
    if (follows) {
      last.text += `\n${comment.value}`
      last.line++
    } else {
      joined.push({ type: comment.type, text: comment.value, first: comment, line: comment.loc.end.line })
    }
  }
  return joined
}

const phrases = {
  create(context) {
    return {
      Program() {
        for (const { text, first } of joinComments(context.sourceCode.getAllComments())) {
          for (const { found, instead } of findPhrases(text.replace(/\n\s*\*/g, '\n '))) {
            context.report({ loc: first.loc, message: `"${found}": write instead: ${instead}` })
          }
        }
      },
    }
  },
}

const header = {
  create(context) {
    return {
      Program() {
        const first = context.sourceCode.getAllComments()[0]
        if (first !== undefined && first.loc.start.line <= 2 && isRiddle(first.value)) {
          context.report({ loc: first.loc, message: 'A file header says what the file does, as a verb phrase' })
        }
      },
    }
  },
}

const length = {
  create(context) {
    return {
      Program() {
        const { lines } = context.sourceCode
        for (const { loc } of context.sourceCode.getAllComments()) {
          for (let line = loc.start.line; line <= loc.end.line; line++) {
            if (lines[line - 1].length > MAX_COLUMNS) {
              context.report({ loc, message: `Line ${line}: a comment has at most ${MAX_COLUMNS} columns` })
            }
          }
        }
      },
    }
  },
}

export default { meta: { name: 'prose' }, rules: { phrases, header, length } }
