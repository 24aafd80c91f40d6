// Declares the types of prose.mjs for the tests.

export interface FoundPhrase {
  readonly found: string
  readonly index: number
  readonly instead: string
}

export declare const MAX_COLUMNS: number
export declare function isRiddle(header: string): boolean
export declare function findPhrases(text: string): FoundPhrase[]
