/** Programs that only tests need, where .ci/fetch-test-tools.sh puts them. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const folder =
  process.env['VETOC_TEST_TOOLS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vetoc-test-tools');

/** A program of the environment `environment`. */
export const testTool = (environment: string, program = 'python'): string =>
  join(folder, environment, 'bin', program);

/** Whether tests that need `program` are skipped: never in CI, where they run and fail without it. */
export const isMissing = (program: string): boolean => !existsSync(program) && process.env['CI'] !== 'true';
