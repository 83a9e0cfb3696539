/** The page itself: the files of `page/`, by the path that serves them. A request never names a file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Asset {
  readonly type: string;
  readonly content: Uint8Array;
}

/** `src/audit/view` and `dist/audit/view` lie equally deep. */
const root = fileURLToPath(new URL('../../../src/audit/view/page/', import.meta.url));

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', HTML],
  '/style.css': ['style.css', STYLE],
  '/app.js': ['app.js', SCRIPT],
  '/api.js': ['api.js', SCRIPT],
  '/details.js': ['details.js', SCRIPT],
  '/dom.js': ['dom.js', SCRIPT],
  '/list.js': ['list.js', SCRIPT],
  '/paint.js': ['paint.js', SCRIPT],
  '/viewer.js': ['viewer.js', SCRIPT],
};

/** All assets, read once. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  return new Map(
    Object.entries(FILES).map(([path, [file, type]]) => [path, { type, content: readFileSync(root + file) }]),
  );
}
