/** The C++ headers and project files that are copied as they are: `hls-templates/` of the package. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `src/backends/hls` and `dist/backends/hls` lie equally deep. */
const root = fileURLToPath(new URL('../../../hls-templates/', import.meta.url));

let cache: Readonly<Record<string, string>> | undefined;

/** Text of every template, by path inside hls-templates with `/`, in order of path. */
export function hlsTemplates(): Readonly<Record<string, string>> {
  cache ??= Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'))
      .map((path): [string, string] => [
        path.slice(root.replaceAll('\\', '/').length),
        readFileSync(path, 'utf8'),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return cache;
}
