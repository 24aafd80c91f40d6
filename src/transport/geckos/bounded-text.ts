// Reads answers of an untrusted signalling server up to a limit.

/** The text of an answer, or undefined when it has more than `limit` bytes; nothing beyond the limit is read. */
export async function readText(response: Response, limit: number): Promise<string | undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let size = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    if (size > limit) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}
