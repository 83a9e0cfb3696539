/** C++ identifiers from names of the outside world. */

/**
 * A function that makes identifiers: lower case, no double underscore (reserved in C++), never the same one twice.
 * `prefix` keeps names that start with a digit, and C++ keywords, apart from the language's own.
 */
export function createNames(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    const base = identifier(wanted);
    let name = base;
    for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  };
}

/** Letters, digits and single underscores; at most 80 of them. */
export function identifier(text: string): string {
  const safe = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 80);
  return /^[a-z]/.test(safe) ? safe : `n${safe}`;
}
