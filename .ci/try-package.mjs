// Packs vetoc, installs the tarball into an empty folder as a user would on a network without CUDA's download, and runs
// the demonstration there. Fails where a consumer would get protobufjs 6, or where `npx vetoc run demo` does not end well.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'vetoc-package-'));
const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
const run = (cwd, command, ...args) => {
  console.log(`$ ${command} ${args.join(' ')}`);
  execFileSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
};
const read = (cwd, command, ...args) => execFileSync(command, args, { cwd, env, encoding: 'utf8' });

try {
  run(root, 'npm', 'pack', '--silent', '--pack-destination', folder);
  const [tarball] = readdirSync(folder);
  const home = join(folder, 'empty');
  execFileSync('mkdir', [home]);
  writeFileSync(join(home, 'package.json'), '{ "name": "a-user", "private": true, "type": "module" }\n');
  run(home, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', join(folder, tarball));

  const tree = JSON.parse(read(home, 'npm', 'ls', 'protobufjs', '--all', '--json'));
  const versions = new Set(JSON.stringify(tree).match(/(?<="protobufjs":\{"version":")[^"]+/g));
  console.log(`protobufjs ${[...versions].join(', ')}`);
  if (versions.size === 0 || [...versions].some((v) => Number(v.split('.')[0]) < 8))
    throw new Error('a consumer gets a protobufjs older than 8');

  run(home, 'npx', 'vetoc', 'run', 'demo', '--out', 'out/demo');
  if (!existsSync(join(home, 'out/demo/report/index.html')))
    throw new Error('the demonstration left no report');
  console.log('the package installs and runs');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
