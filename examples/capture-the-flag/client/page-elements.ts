// The page's elements, and ways to change them only when there is something new: a write costs layout, a read does not.

export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}

export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden
}

/** Fills a list anew when its entries differ from those shown. */
export function setList<Entry>(
  list: HTMLElement,
  entries: readonly Entry[],
  make: (entry: Entry) => HTMLElement,
): void {
  const key = JSON.stringify(entries)
  if (list.dataset['key'] === key) return
  list.dataset['key'] = key
  list.replaceChildren(...entries.map(make))
}

/** An element with a text; as text, never as markup: names and chat are other people's. */
export function textElement(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  made.className = className
  return made
}
