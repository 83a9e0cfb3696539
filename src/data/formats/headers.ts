/**
 * Text headers in braces, `{ KEY = VALUE; … }`, which EDF and SMV share.
 */

/** Keys in lower case with their values as written. Later keys win. */
export function parseBraceHeader(text: string): ReadonlyMap<string, string> {
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
  fields: ReadonlyMap<string, string>,
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
