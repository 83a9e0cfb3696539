/** Writing CSV. */

/** A field of text, quoted: it may hold commas, quotes and line ends. */
export const csvText = (text: string): string => `"${text.replaceAll('"', '""')}"`;
