// Keeps named groups of connections. A group exists while it has members.

/** An empty set of connections. */
export const NO_CONNECTIONS: ReadonlySet<number> = new Set()
const NOTHING: ReadonlySet<string> = new Set()

export class Groups {
  private readonly members = new Map<string, Set<number>>()
  private readonly groups = new Map<number, Set<string>>()
  /** Groups that became empty in this tick, or were targets and are empty. */
  private readonly emptied: string[] = []

  join(connection: number, name: string): void {
    this.target(name).add(connection)
    const groups = this.groups.get(connection)
    if (groups === undefined) this.groups.set(connection, new Set([name]))
    else groups.add(name)
  }

  leave(connection: number, name: string): void {
    const members = this.members.get(name)
    if (members?.delete(connection) !== true) return
    if (members.size === 0) this.emptied.push(name)
    const groups = this.groups.get(connection)!
    groups.delete(name)
    if (groups.size === 0) this.groups.delete(connection)
  }

  leaveAll(connection: number): void {
    for (const name of this.groupsOf(connection)) this.leave(connection, name)
  }

  groupsOf(connection: number): ReadonlySet<string> {
    return this.groups.get(connection) ?? NOTHING
  }

  membersOf(name: string): ReadonlySet<number> {
    return this.members.get(name) ?? NO_CONNECTIONS
  }

  /** The members of a group. They are read when the tick is sent, so later joins and leaves still count. */
  target(name: string): Set<number> {
    let members = this.members.get(name)
    if (members === undefined) {
      members = new Set()
      this.members.set(name, members)
      this.emptied.push(name)
    }
    return members
  }

  /** The tick was sent: frees empty groups. */
  finishTick(): void {
    if (this.emptied.length === 0) return
    for (const name of this.emptied) if (this.members.get(name)?.size === 0) this.members.delete(name)
    this.emptied.length = 0
  }
}
