/** The page itself: the files of `page/`, by the path that serves them. A request never names a file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Asset {
  readonly type: string;
  readonly content: Uint8Array;
}

export type Assets = ReadonlyMap<string, Asset>;

/** `src/audit/view` and `dist/audit/view` lie equally deep. */
const root = fileURLToPath(new URL('../../../src/audit/view/page/', import.meta.url));

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

const TYPES: Readonly<Record<string, string>> = { html: HTML, js: SCRIPT, css: STYLE };

/** Files of `folder`, each served under its name, `index.html` also as `/`. Read once. */
export function assetsOf(folder: string, names: readonly string[]): Assets {
  return new Map(
    names.map((name) => [
      name === 'index.html' ? '/' : `/${name}`,
      { type: TYPES[name.split('.').at(-1)!]!, content: readFileSync(folder + name) },
    ]),
  );
}

const NAMES = [
  'index.html',
  'base.css',
  'style.css',
  'app.js',
  'api.js',
  'details.js',
  'dom.js',
  'list.js',
  'paint.js',
  'viewer.js',
] as const;

/** What every local page has. */
export const sharedAssets = (): Assets => assetsOf(root, ['base.css']);

/** All assets of an audit's page. */
export const loadAssets = (): Assets => assetsOf(root, NAMES);
