/** Reading JSON: what is wrong is said with the file, the field in it, and what to do. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { UserError } from './errors.js';
import { schemaError } from './schema-problem.js';

/** What `text` says; undefined where it is no JSON. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `text`, of `file`, says. Throws `UserError` where it is no JSON. */
export function parseJson(text: string, file: string, remedy = 'correct the syntax'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`not JSON: ${(error as Error).message}`, { file, remedy });
  }
}

/** The same, held against `schema`. Throws `UserError` with the first field that is wrong. */
export function parseJsonAs<T>(schema: z.ZodType<T>, text: string, file: string, remedy?: string): T {
  const parsed = schema.safeParse(parseJson(text, file, remedy));
  if (parsed.success) return parsed.data;
  throw schemaError(parsed.error, file, [], remedy);
}

/** What the file at `path` says. Throws `UserError` where it cannot be read or is no JSON. */
export async function readJson(path: string, place: { field?: string; remedy: string }): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UserError(`cannot be read as JSON: ${(error as Error).message}`, { file: path, ...place });
  }
}
