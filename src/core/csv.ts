/**
 * Writing CSV. A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and names of files come from
 * anywhere: a path gets `./` before it, which names the same file, and another text an apostrophe, which a spreadsheet hides.
 */

/** What a spreadsheet would compute. */
export const FORMULA = /^[=+\-@\t\r]/;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A field of text, quoted: it may hold commas, quotes and line ends. */
export const csvText = (text: string): string => quoted(FORMULA.test(text) ? `'${text}` : text);

/** The path of a file. */
export const csvPath = (path: string): string => quoted(FORMULA.test(path) ? `./${path}` : path);
