/** A folder whose files are read while a detector's writer has them open for SWMR, in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openFolder } from '../../src/live/sources/folder.js';

const SIDE = 8;

/** Writes as many frames as each line of stdin says, the n-th of them all n; `room N` makes room for more; ends with its input. */
const WRITER = `
  import { createInterface } from 'node:readline';
  import h5wasm from 'h5wasm/node';
  await h5wasm.ready;
  const [, path] = process.argv;
  const shape = [${SIDE}, ${SIDE}];
  const made = new h5wasm.File(path, 'w', { libver: ['latest', 'latest'] });
  made.create_group('entry').create_group('data').create_dataset({
    name: 'data', data: new Uint16Array(0), dtype: '<H',
    shape: [0, ...shape], maxshape: [null, ...shape], chunks: [1, ...shape],
  });
  made.close();
  const file = new h5wasm.File(path, 'Sa');
  const dataset = file.get('entry/data/data');
  let count = 0;
  console.log('open');
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, room] = line.split(' ');
    if (word === 'room') dataset.resize([Number(room), ...shape]);
    else
      for (let n = Number(word); n > 0; n--) {
        count += 1;
        if (dataset.shape[0] < count) dataset.resize([count, ...shape]);
        dataset.write_slice([[count - 1, count], [0, ${SIDE}], [0, ${SIDE}]], new Uint16Array(${SIDE * SIDE}).fill(count));
      }
    file.flush();
    console.log('written');
  }
  file.close();
`;

function startWriter(path: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    isOpen: () => lines.next(),
    async write(what: string): Promise<void> {
      child.stdin.write(`${what}\n`);
      await lines.next();
    },
    async end(): Promise<void> {
      const gone = once(child, 'close');
      child.stdin.end();
      await gone;
    },
  };
}

it('frames of a file that is open for SWMR come as they are written, each once; those without data are waited for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-folder-'));
  const writer = startWriter(join(folder, 'b.h5'));
  const source = await openFolder(folder, { idleMs: 5000, bufferBytes: 1e6 }, {});
  const numbers: number[] = [];
  const next = async (count: number): Promise<(number | string)[]> => {
    const values: (number | string)[] = [];
    while (values.length < count) {
      const message = await source.next();
      if (typeof message === 'string') throw new Error(message);
      if (message.kind !== 'frame') continue;
      numbers.push(message.frame.number!);
      const { image } = message.frame;
      values.push('pixels' in image ? image.pixels[9]! : 'problem' in image ? image.problem : 'packed');
    }
    return values;
  };
  try {
    await writer.isOpen();
    await writer.write('3');
    expect(await next(3)).toEqual([1, 2, 3]);
    await writer.write('2');
    expect(await next(2)).toEqual([4, 5]);
    // Room for nine, of which one is there.
    await writer.write('room 9');
    await writer.write('1');
    expect(await next(1)).toEqual([6]);
    // A file that is done is not kept waiting by one that is not.
    const other = startWriter(join(tmpdir(), `${folder.split('/').at(-1)!}.h5`));
    await other.isOpen();
    await other.write('2');
    await other.end();
    await copyFile(`${folder}.h5`, join(folder, 'a.h5'));
    await rm(`${folder}.h5`);
    expect(await next(2)).toEqual([1, 2]);
    await writer.write('2');
    expect(await next(2)).toEqual([7, 8]);
    await writer.end();
    // What was never written is named once nobody writes any more.
    expect(await next(1)).toEqual([expect.stringMatching(/frame 8 was not written/)]);
    expect(await source.next()).toBe('idle');
    expect(numbers).toEqual([...numbers.keys()]);
  } finally {
    await source.close();
    await rm(folder, { recursive: true });
  }
});
