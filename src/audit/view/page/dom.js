// @ts-check
/** Elements by id, and new ones whose content is text, never markup. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {string} id
 * @param {K} tag
 * @returns {HTMLElementTagNameMap[K]}
 */
export function byId(id, tag) {
  const found = document.getElementById(id);
  if (found === null || found.localName !== tag) throw new Error(`no ${tag} ${id}`);
  return /** @type {HTMLElementTagNameMap[K]} */ (found);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // Strings become text nodes: what a file calls itself is never read as HTML.
  element.append(...children);
  return element;
}

/** @param {number | null} value @param {number} [digits] */
export const figure = (value, digits = 0) => (value === null ? '–' : value.toFixed(digits).replace('-', '−'));
