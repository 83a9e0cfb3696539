/** The teacher that a recipe names: a finished run, or a file with a network and its preprocessing. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';
import { createOrtFloat } from '../../backends/onnx/ort/float.js';
import { openModelFile } from '../../frontends/model-file.js';
import { inputNode, type FloatGraph } from '../../ir/graph.js';
import { serializeGraph } from '../../ir/serialize.js';
import type { Teacher } from '../../train/teacher.js';
import { loadRun } from '../folder.js';

const FIELD = 'training.teacher.model';

/** What the pupil is. */
export interface Pupil {
  readonly classNames: readonly string[];
  readonly hitClasses: readonly boolean[];
  /** Rows and columns of raw frames. */
  readonly size: readonly [number, number];
}

async function readTeacher(model: string): Promise<FloatGraph> {
  const found = await stat(model).catch(() => null);
  if (found === null)
    throw new UserError('is not there', {
      file: model,
      field: FIELD,
      remedy: 'name the folder of a finished run, or a graph that vetoc wrote',
    });
  if (found.isDirectory()) return (await loadRun(model)).float;
  const file = await openModelFile(model);
  if (file.kind === 'complete') return file.graph;
  throw new UserError(`is a ${file.title}, which does not say how frames are preprocessed`, {
    file: model,
    field: FIELD,
    remedy: 'import it first (vetoc import), and name the folder of that run',
  });
}

/** Refuses a teacher that speaks of other classes, or looks at other frames. */
function checkTeacher(teacher: FloatGraph, { classNames, hitClasses, size }: Pupil, model: string): void {
  const where = { file: model, field: FIELD };
  if (teacher.classNames.join('\n') !== classNames.join('\n'))
    throw new UserError(
      `the teacher knows the classes ${teacher.classNames.join(', ')}, the network is to learn ${classNames.join(', ')}`,
      { ...where, remedy: 'name a teacher of the same classes in the same order' },
    );
  if (teacher.hitClasses.some((hit, k) => hit !== hitClasses[k]))
    throw new UserError('other classes are hits to the teacher than to the network', {
      ...where,
      remedy: 'name a teacher whose hits are the same',
    });
  const [height, width] = inputNode(teacher).size;
  if (height !== size[0] || width !== size[1])
    throw new UserError(
      `the teacher takes frames of ${height}×${width}, the network is trained on ${size[0]}×${size[1]}`,
      { ...where, remedy: 'name a teacher of the same detector' },
    );
}

/** The network `model`, opened; the caller closes it. Throws `UserError`. */
export async function openTeacher(
  model: string,
  pupil: Pupil,
): Promise<{ readonly teacher: Teacher; readonly close: () => Promise<void> }> {
  const graph = await readTeacher(model);
  checkTeacher(graph, pupil, model);
  const ort = await createOrtFloat(graph);
  const { json, bin } = serializeGraph('float', graph);
  return {
    teacher: {
      mark: createHash('sha256').update(json).update(bin).digest('hex'),
      logits: async (pixels) => (await ort.run([pixels]))[0]!.logits,
    },
    close: () => ort.close(),
  };
}

/** Does `work` under the teacher at `model`; without one where it is null. */
export async function withTeacher<T>(
  model: string | null,
  pupil: Pupil,
  work: (taught: { readonly teacher?: Teacher }) => Promise<T>,
): Promise<T> {
  if (model === null) return work({});
  const { teacher, close } = await openTeacher(model, pupil);
  try {
    return await work({ teacher });
  } finally {
    await close();
  }
}
