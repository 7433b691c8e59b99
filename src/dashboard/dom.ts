/** The element of the page with this id. @throws Error where there is none of that class */
export function byId<Wanted extends HTMLElement>(id: string, wanted: new () => Wanted): Wanted {
  const found = document.getElementById(id);
  if (found instanceof wanted) return found;
  throw new Error(`the page has no #${id} of class ${wanted.name}`);
}

/** A new element with text. Whatever comes from events gets into the page by this or by `textContent`, never as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  text = '',
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

/** Writes only what is new, so that nothing is laid out, or read out, again without need. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
