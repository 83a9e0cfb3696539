// Makes src/onnx-file/generated/onnx.cjs (and its types) from the code that the package onnx-proto ships.
//
// onnx-proto asks for protobufjs 6, which has a known prototype-pollution advisory; its generated code runs on
// protobufjs 8 unchanged. An `overrides` entry would say so for this folder alone: it does not travel with a package,
// and whoever installed vetoc would get protobufjs 6. So the codec becomes a part of the build, and onnx-proto a
// development dependency. Plain JavaScript: it runs before anything is built.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'src/onnx-file/generated');

/** Writes the codec where it is missing or of another version; says whether it did. */
export function makeOnnxCodec() {
  const source = createRequire(import.meta.url).resolve('onnx-proto');
  const { version } = JSON.parse(readFileSync(join(dirname(source), '../package.json'), 'utf8'));
  const header = `// From onnx-proto ${version} (MIT, see NOTICE), by .ci/onnx-codec.mjs.\n`;
  const target = join(folder, 'onnx.cjs');
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(header)) return false;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'onnx.d.cts'),
    header + readFileSync(join(dirname(source), 'onnx.d.ts'), 'utf8'),
  );
  writeFileSync(target, header + readFileSync(source, 'utf8'));
  return true;
}

/** Vitest's global set-up. */
export const setup = () => void makeOnnxCodec();

/** The compiler copies neither CommonJS nor declarations: they go beside what it writes. */
export function copyOnnxCodec(dist) {
  const to = join(dist, 'onnx-file/generated');
  mkdirSync(to, { recursive: true });
  for (const name of ['onnx.cjs', 'onnx.d.cts']) copyFileSync(join(folder, name), join(to, name));
}

if (process.argv[1] === import.meta.filename) {
  makeOnnxCodec();
  copyOnnxCodec(join(root, 'dist'));
}
