// Defines the policy of a grid: a client sees the entities near its player, or near another viewpoint.
import { UsageError } from '../../protocol/errors.js'
import { requireUnplaced } from './rooms-policy.js'

/** The fields of a component that can be an axis: arrays of numbers, or numbers of structs. */
export type Axis<C> = C extends readonly (infer Struct)[]
  ? NumberField<Struct>
  : { [K in keyof C]: C[K] extends ArrayLike<number> ? K : never }[keyof C]

type NumberField<Struct> = { [K in keyof Struct]: Struct[K] extends number ? K : never }[keyof Struct]

/** Options of {@link grid}. Lengths are in the units of the position. */
export interface GridOptions<C extends object> {
  /** The component that holds positions: `{ x: [], y: [] }`, arrays of any kind, or an array of structs. */
  position: C
  /** Its two or three fields, for distances in a plane or in space. Default `['x', 'y']`. */
  axes?: readonly [Axis<C>, Axis<C>] | readonly [Axis<C>, Axis<C>, Axis<C>]
  /** How far a client sees from its viewpoint. */
  radius: number
  /**
   * The side of a cell. Small cells follow the circle of the radius more closely, large ones make fewer and fuller
   * blocks. Default half the radius.
   */
  cellSize?: number
  /**
   * How far beyond the radius an entity in view stays in view, so that nothing flickers at the edge. Default a quarter
   * of a cell.
   */
  hysteresis?: number
  /** Whether an entity without the component is seen by everyone, or by nobody. Default `everyone`. */
  unplaced?: 'everyone' | 'nobody'
}

/** A policy made by {@link grid}: it stands for its grid in `setViewpoint`. */
export interface GridPolicy {
  readonly kind: 'grid'
  readonly position: object
  readonly axes: readonly string[]
  readonly radius: number
  readonly cellSize: number
  readonly hysteresis: number
  readonly unplaced: 'everyone' | 'nobody'
}

/** The most cells that the surroundings of one viewpoint may have. */
const MAX_CELLS = 4096

/**
 * A client sees the entities around its viewpoint: its player, or the one set by `setViewpoint`.
 *
 * Space is cut into cells, and a client sees whole cells: all of those nearer than `radius`, and none farther than
 * `radius + hysteresis`. Those between stay as they were. So a client always sees an entity within the radius, and
 * never one farther than `radius + hysteresis` and a cell's diagonal. An entity at the edge of a cell changes it only
 * an eighth of the hysteresis beyond.
 *
 * Where the position is replicated, only entities whose position changed are updated. Otherwise all positions are read
 * in every tick. A client whose player ends still sees what is around the place, until it has another player. One that
 * never had a viewpoint sees no entity that has a position.
 *
 * @throws UsageError when the component lacks an axis, an option is out of range, or a view would have more than 4,096
 * cells.
 */
export function grid<C extends object>(options: GridOptions<C>): GridPolicy {
  const { position, radius, cellSize = radius / 2, hysteresis = cellSize / 4, unplaced = 'everyone' } = options
  const axes = [...(options.axes ?? ['x', 'y'])].map(String)
  requireUnplaced(unplaced)
  requireAxes(position, axes)
  requireLength('radius', radius)
  requireLength('cellSize', cellSize)
  if (hysteresis !== 0) requireLength('hysteresis', hysteresis)
  const across = (2 * (radius + hysteresis)) / cellSize + 2
  if (across ** axes.length > MAX_CELLS) {
    const cells = `${MAX_CELLS} cells of ${cellSize}`
    const text = `grid: a radius of ${radius} has more than ${cells} around it; make cellSize larger`
    throw new UsageError('bad-option', text)
  }
  return { kind: 'grid', position, axes, radius, cellSize, hysteresis, unplaced }
}

function requireAxes(position: object, axes: readonly string[]): void {
  if (typeof position !== 'object' || position === null) {
    throw new UsageError('bad-option', 'grid: position is a component, an object of arrays or an array of structs')
  }
  if (axes.length < 2 || axes.length > 3) throw new UsageError('bad-option', 'grid: axes are two or three fields')
  // The structs that an array will hold are not known yet.
  if (Array.isArray(position)) return
  for (const axis of axes) {
    const array = (position as Record<string, unknown>)[axis]
    if (Array.isArray(array) || (ArrayBuffer.isView(array) && !(array instanceof DataView))) continue
    throw new UsageError(
      'bad-option',
      `grid: the position has no array ${axis}; say which axes it has, as in ['x', 'z']`,
    )
  }
}

function requireLength(name: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return
  throw new UsageError('bad-option', `grid: ${name} is a finite number above 0, got ${value}`)
}
