// Defines the colours. Nearly everyone can tell blue from orange, and each team also has its own shape.

export const TEAM_COLORS = [
  { base: '#2f74e8', light: '#7db2ff', dark: '#174a9f', ground: '#dce9fb' },
  { base: '#f0821e', light: '#ffc07a', dark: '#a9510a', ground: '#fdebd8' },
] as const

export const SNOW = '#ffffff'
export const ICE = '#a9e4ff'
export const INK = '#14263b'

export const CONFETTI = [
  ['#2f74e8', '#7db2ff', '#ffffff', '#ffe27a'],
  ['#f0821e', '#ffc07a', '#ffffff', '#ffe27a'],
] as const
