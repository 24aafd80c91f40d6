// Waits until the channels of a connection carry packets.

/** Chromium returns the same statistics for this long. */
const STATISTICS_AGE_MS = 60

/**
 * Waits until the channels really are open, or `isOver`. Chromium reports a channel as open when it announces it, a
 * moment before it carries anything. Packets sent in between vanish, on the reliable channel too. The statistics have
 * the true state.
 */
export async function untilChannelsCarry(
  connection: RTCPeerConnection | undefined,
  isOver: () => boolean,
): Promise<void> {
  try {
    while (!isOver() && (await isConnecting(connection))) {
      await new Promise((resolve) => setTimeout(resolve, STATISTICS_AGE_MS))
    }
  } catch {
    // Without statistics, the event has to be enough.
  }
}

async function isConnecting(connection: RTCPeerConnection | undefined): Promise<boolean> {
  let waits = false
  const report = await connection?.getStats()
  report?.forEach((entry: { type: string; state?: string }) => {
    if (entry.type === 'data-channel' && entry.state === 'connecting') waits = true
  })
  return waits
}
