// Finds and updates page elements. Writes only what has changed, because a write triggers layout.

export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}

export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden
}

/** Rebuilds a list when its entries differ from those shown. */
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

/** Makes an element with a text. Never sets markup: names and chat come from other players. */
export function textElement(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  made.className = className
  return made
}
