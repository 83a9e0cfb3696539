/** What a zod schema refuses, said to the person who wrote the value. */
import type { z } from 'zod';
import { UserError } from './errors.js';

type Issue = z.core.$ZodIssue;

/** `issue` where it is one of several forms that a value may have: of the form that was meant, if one can tell. */
function meant(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const firsts = issue.errors.map((branch) => branch[0]!);
  const entered = firsts.find(
    ({ path, code }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'),
  );
  if (entered !== undefined) return meant({ ...entered, path: [...issue.path, ...entered.path] });
  return { ...issue, message: firsts.map(({ message }) => message).join('; or ') };
}

/** The first thing that is wrong, at its place `within` the file. */
export function schemaError(
  error: z.ZodError,
  file: string,
  within: readonly string[] = [],
  remedy = 'correct this value',
): UserError {
  const issue = meant(error.issues[0]!);
  const field = [...within, ...issue.path].join('.');
  const place = { file, ...(field === '' ? {} : { field }) };
  if (issue.code === 'unrecognized_keys')
    return new UserError(`unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`, {
      ...place,
      remedy: 'remove it or correct its spelling',
    });
  return new UserError(issue.message, { ...place, remedy });
}
