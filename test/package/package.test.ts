/** What the tarball must hold; `npm run test:package` installs one and runs the demonstration from it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const packed = new Set(
  (
    JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=silent'], {
        cwd: ROOT,
        encoding: 'utf8',
      }),
    ) as [{ files: { path: string }[] }]
  )[0].files.map((file) => file.path),
);

/** Files and folders of the repository that a page links to. */
function linksOf(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1]!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => normalize(join(dirname(page), link)).replace(/\/$/, ''));
}

const pages = [...packed].filter((path) => path.endsWith('.md'));

test.each(pages)('all that %s links to is there, and in the package', (page) => {
  const links = linksOf(page);
  for (const link of links) {
    expect(existsSync(join(ROOT, link)), `${page} links to ${link}`).toBe(true);
    const inside = packed.has(link) || [...packed].some((path) => path.startsWith(`${link}/`));
    expect(inside, `${page} links to ${link}, which is not packed`).toBe(true);
  }
});

test('the README is among the pages that were looked through, and links to pages of the parts', () => {
  expect(pages).toContain('README.md');
  expect(linksOf('README.md').length).toBeGreaterThan(5);
});

test('the package brings its boards, recipes, templates and third parties’ notices along', () => {
  for (const path of [
    'NOTICE',
    'LICENSE',
    'targets/kcu1500.json',
    'calibration/veto.json',
    'hls-templates/vetoc/receive.h',
  ])
    expect(packed).toContain(path);
});

test('NOTICE names the packages that package-lock.json holds', () => {
  expect(() =>
    execFileSync('node', ['.ci/notice.mjs', '--check'], { cwd: ROOT, stdio: 'pipe' }),
  ).not.toThrow();
});
