// Declares the types of cpu-profile.mjs for its tests.
export interface ProfiledFunction {
  readonly name: string
  /** File and line in the sources, from the root. */
  readonly place: string
  readonly selfMs: number
  /** Share of the total time, from 0 to 1. */
  readonly share: number
}

export function summarize(profile: object): { totalMs: number; functions: ProfiledFunction[] }
export function isOurs(profiled: Pick<ProfiledFunction, 'place'>): boolean
export function formatFunctions(title: string, functions: readonly ProfiledFunction[], count: number): string
