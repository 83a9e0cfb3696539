// Installs what package-lock.json names, unless that is installed already, and builds.
// Plain JavaScript: it runs on a fresh clone, before anything is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`vetoc needs Node 20.19 or later; this is ${process.versions.node}`);
  process.exit(2);
}

const installed = 'node_modules/.package-lock.json';
const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs;
// onnxruntime-node would download CUDA's libraries; who wants them says ONNXRUNTIME_NODE_INSTALL=cuda12.
const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env };
const npm = (...args) =>
  execFileSync('npm', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    env,
  });

if (!fresh) npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
npm('run', '--silent', 'build');
