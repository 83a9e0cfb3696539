// Takes out of dist/ what was compiled from files that are no longer there: tsc leaves it, and a tarball would hold it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
if (existsSync(dist))
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const source = name.match(/^(.*)\.(?:js|d\.ts|js\.map)$/)?.[1];
    if (source !== undefined && !existsSync(join(root, 'src', `${source}.ts`))) rmSync(join(dist, name));
  }
