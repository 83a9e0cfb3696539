/**
 * What a command makes for the time of its work: files and folders that go, and programs that end, when the process does,
 * however it ends short of SIGKILL. Who finishes early removes them itself; this is the net below.
 */
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const paths = new Set<string>();
const programs = new Set<() => void>();
const resumable = new Set<string>();

/** Notes that `path` is temporary, and gives it back. One that was renamed or removed does no harm here. */
export function temporary(path: string): string {
  paths.add(path);
  return path;
}

/** Notes that the same command goes on from `path` where it is interrupted, and gives it back. */
export function goesOnFrom(path: string): string {
  resumable.add(path);
  return path;
}

/** What an interrupted command leaves to go on from. */
export const keptForLater = (): readonly string[] => [...resumable].filter((path) => existsSync(path));

/** A new folder for temporary files, under the machine's own. */
export const temporaryFolder = async (name: string): Promise<string> =>
  temporary(await mkdtemp(join(tmpdir(), `vetoc-${name}-`)));

/** `stop` ends a program that must not outlive this process; call what is returned when it has ended by itself. */
export function endsWithUs(stop: () => void): () => void {
  programs.add(stop);
  return () => programs.delete(stop);
}

/** Ends the programs and removes what is temporary. Never throws: it runs where nothing can be done about an error. */
export function leaveNothing(): void {
  for (const stop of programs) stop();
  programs.clear();
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true, force: true, maxRetries: 2 });
    } catch {
      // On a disk that vanished or became read-only it stays.
    }
  }
  paths.clear();
}
