/** The firmware of a finished run as a project of any back end, for the board and the rate that are asked for. */
import { join } from 'node:path';
import type { Backend, FirmwareFigures, ProjectExport } from '../backends/backend.js';
import { BACKENDS } from '../backends/index.js';
import type { HlsOptions } from '../backends/dataflow/design.js';
import { UserError } from '../core/errors.js';
import { draftFolder, loadRun } from './folder.js';
import { onWords, type RawWish } from './raw-network.js';
import { goldenFrames, rememberedInterpreter } from './golden-frames.js';
import { likeOwn } from './own-firmware.js';

export interface ExportProjectRequest extends RawWish {
  /** Board, rate and link. */
  readonly design: HlsOptions;
  /** Folder; `BACKEND-TARGET` in the run unless given. */
  readonly out?: string;
  /** Replace the folder if it is there. */
  readonly replace?: boolean;
  /** Weights that can be exchanged while frames run. */
  readonly reloadable?: boolean;
}

export interface WrittenProject {
  readonly out: string;
  /** Paths in the folder. */
  readonly files: readonly string[];
  readonly firmware: FirmwareFigures;
  /** The rule of its Makefile that checks it. */
  readonly check: string;
  /** More of it, as JSON says it. */
  readonly facts: object;
}

type ProjectBackend = Backend & { readonly export: ProjectExport };

const isProject = (backend: Backend): backend is ProjectBackend => backend.export?.kind === 'project';

/** The back ends that write projects, by name. */
export const PROJECT_BACKENDS: readonly ProjectBackend[] = BACKENDS.filter(isProject);

function projectBackend(name: string): ProjectBackend {
  const found = PROJECT_BACKENDS.find((backend) => backend.name === name);
  if (found === undefined)
    throw new UserError(`no back end ${name} writes projects`, {
      remedy: `use ${PROJECT_BACKENDS.map((b) => b.name).join(' or ')}`,
    });
  return found;
}

/** Writes the project of the back end `name` with benches and golden vectors. Throws `UserError`. */
export async function exportProject(
  name: string,
  run: string,
  request: ExportProjectRequest,
): Promise<WrittenProject> {
  const backend = projectBackend(name);
  const { fixed: ofCounts, recipe } = await loadRun(run);
  const raw = await onWords(ofCounts, request);
  const fixed = raw?.graph ?? ofCounts;
  const counts = await goldenFrames(run, ofCounts);
  const { design, replace = false, reloadable = false } = request;
  const { files, firmware, facts } = backend.export.build({
    fixed,
    wish: likeOwn(recipe, design),
    golden: {
      frames: raw === null ? counts : counts.map(raw.golden.words),
      interpret: rememberedInterpreter(),
      ...(raw === null ? {} : { maps: raw.golden.maps }),
    },
    reloadable,
  });
  const out = request.out ?? join(run, `${backend.folder}-${design.target.name}`);
  const draft = await draftFolder(out, replace, { mark: backend.export.mark, what: 'project' });
  try {
    for (const [path, content] of Object.entries(files)) await draft.write(path, content);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return { out, files: Object.keys(files), firmware: firmware!, check: backend.export.check, facts };
}
