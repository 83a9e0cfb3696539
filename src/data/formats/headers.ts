/**
 * Text headers in braces, `{ KEY = VALUE; … }`, which EDF and SMV share.
 */

export type Fields = ReadonlyMap<string, string>;

/** Keys in lower case with their values as written. Later keys win. */
export function parseBraceHeader(text: string): Fields {
  const fields = new Map<string, string>();
  for (const statement of text
    .replace(/^\s*\{/, '')
    .replace(/\}\s*$/, '')
    .split(';')) {
    const equals = statement.indexOf('=');
    if (equals <= 0) continue;
    fields.set(statement.slice(0, equals).trim().toLowerCase(), statement.slice(equals + 1).trim());
  }
  return fields;
}

/** Numbers where the text is one, else the text; keys as given. */
export function factsOf(
  fields: Fields,
  names: Readonly<Record<string, string>>,
): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  for (const [key, name] of Object.entries(names)) {
    const value = fields.get(key);
    if (value === undefined || value === '') continue;
    facts[name] = Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return facts;
}

/**
 * Where the header at the start of `text` ends: its brace, and the byte behind its line. The brace follows a `;`, stands
 * first in its line, or follows the opening brace; one inside a value does not count. Null where `text` has not all of it.
 */
export function endOfHeader(text: string): { readonly brace: number; readonly line: number } | null {
  const open = text.indexOf('{');
  for (let brace = text.indexOf('}', open); brace >= 0; brace = text.indexOf('}', brace + 1)) {
    const before = /([^ \t]?)[ \t]*$/.exec(text.slice(open + 1, brace))![1]!;
    if (before !== '' && !';\n\r\0'.includes(before)) continue;
    const line = text[brace + 1] === '\r' && text[brace + 2] === '\n' ? 3 : text[brace + 1] === '\n' ? 2 : 1;
    return { brace, line: brace + line };
  }
  return null;
}
