/** The files that the examples name: frames of 128 × 128 as every kind of file, lists of labels, networks, decision words. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { loadHdf5 } from '../../../src/data/hdf5/library.js';
import { openFrames } from '../../../src/data/open.js';
import type { FrameSource } from '../../../src/data/frames.js';
import { DECISION_FIELDS } from '../../../src/backends/dataflow/interface.js';
import { createHdf5 } from '../../../src/data/write/hdf5-writer.js';
import { writeHdf5 } from '../../data/make-hdf5.js';

const MODELS = new URL('../../onnx/models/', import.meta.url).pathname;
/** The European XFEL's AGIPD-1M has so many modules. */
const MODULES = 16;
/** 0.5 % of the hits with confidence 95 % takes 598 hits. */
const OTHER_ROUNDS = 24;

/** A frame as PILATUS writes it. */
function cbf(frame: Uint16Array, [height, width]: readonly number[]): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const value of frame) {
    const step = value - last;
    last = value;
    if (Math.abs(step) < 128) bytes.push(step & 255);
    else if (Math.abs(step) < 32768) bytes.push(128, step & 255, (step >> 8) & 255);
    else bytes.push(128, 0, 128, ...[0, 8, 16, 24].map((shift) => (step >> shift) & 255));
  }
  const header = [
    '###CBF: VERSION 1.5',
    'data_frame',
    '_array_data.data',
    ';',
    '--CIF-BINARY-FORMAT-SECTION--',
    'Content-Type: application/octet-stream;',
    '     conversions="x-CBF_BYTE_OFFSET"',
    'Content-Transfer-Encoding: BINARY',
    `X-Binary-Size: ${bytes.length}`,
    'X-Binary-ID: 1',
    'X-Binary-Element-Type: "signed 32-bit integer"',
    'X-Binary-Element-Byte-Order: LITTLE_ENDIAN',
    `X-Binary-Number-of-Elements: ${frame.length}`,
    `X-Binary-Size-Fastest-Dimension: ${width}`,
    `X-Binary-Size-Second-Dimension: ${height}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([
    Buffer.from(header, 'latin1'),
    Buffer.from([0x0c, 0x1a, 0x04, 0xd5, ...bytes]),
    Buffer.from('\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n', 'latin1'),
  ]);
}

/** A mask of NumPy with two bad pixels, not zero = bad. */
function mask([height, width]: readonly number[]): Buffer {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  const padded = header.padEnd(117) + '\n';
  const bad = new Uint8Array(height! * width!);
  bad[5] = bad[77] = 1;
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(padded), bad]);
}

const layersOf = (side: number, classes: number) => [
  { class_name: 'InputLayer', config: { name: 'image', batch_input_shape: [null, side, side, 1], batch_shape: [null, side, side, 1] } },
  { class_name: 'GlobalMaxPooling2D', config: { name: 'brightest' } },
  { class_name: 'Dense', config: { name: 'classes', units: classes, activation: 'linear', use_bias: true } },
]; // prettier-ignore
const sequential = (side: number, classes: number): string =>
  JSON.stringify({ class_name: 'Sequential', config: { name: 'finder', layers: layersOf(side, classes) } });
const weights = (classes: number) => ({
  kernel: { data: Float32Array.from({ length: classes }, (_, i) => i - 0.5), shape: [1, classes] },
  bias: { data: new Float32Array(classes), shape: [classes] },
});

/** As `model.save('NAME.keras')` of Keras 3 does. */
async function writeKeras3(path: string): Promise<void> {
  const { kernel, bias } = weights(2);
  const file = await writeHdf5(`${path}.weights`, { '/layers/dense/vars/0': kernel, '/layers/dense/vars/1': bias }); // prettier-ignore
  const parts = {
    'config.json': Buffer.from(sequential(64, 2)),
    'metadata.json': Buffer.from('{"keras_version": "3.11.0"}'),
    'model.weights.h5': readFileSync(file),
  };
  writeFileSync(path, zipSync(parts));
}

/** As `model.save('NAME.h5')` of Keras 2 does. */
async function writeKeras2(path: string): Promise<void> {
  const { kernel, bias } = weights(3);
  const names = ['classes/kernel:0', 'classes/bias:0'];
  await writeHdf5(path, {
    '/': {
      group: { keras_version: '2.15.0', backend: 'tensorflow', model_config: sequential(128, 3) },
    },
    '/model_weights': { group: { layer_names: ['brightest', 'classes'] } },
    '/model_weights/brightest': { group: { weight_names: [] } },
    '/model_weights/classes': { group: { weight_names: names } },
    [`/model_weights/classes/${names[0]}`]: kernel,
    [`/model_weights/classes/${names[1]}`]: bias,
  });
}

/** Frames as modules of an AGIPD, of which two rows are there. */
async function writeModules(folder: string, frames: FrameSource): Promise<void> {
  mkdirSync(folder);
  const { height, width, count } = frames;
  const rows = height / MODULES;
  const all = await Promise.all(Array.from({ length: count }, async (_, i) => (await frames.read(i)).pixels));
  for (const module of [3, 8]) {
    const data = new Uint16Array(count * rows * width);
    all.forEach((frame, i) =>
      data.set(frame.subarray(module * rows * width, (module + 1) * rows * width), i * rows * width),
    );
    const image = `/INSTRUMENT/SPB_DET_AGIPD1M-1/DET/${module}CH0:xtdf/image`;
    const ids = (of: (i: number) => number) => ({ data: BigUint64Array.from(all, (_, i) => BigInt(of(i))) });
    await writeHdf5(join(folder, `CORR-R0007-AGIPD0${module}-S00000.h5`), {
      [`${image}/data`]: { data, shape: [count, rows, width] },
      [`${image}/trainId`]: ids((i) => 1000 + (i >> 2)),
      [`${image}/pulseId`]: ids((i) => i & 3),
    });
  }
}

/** The frames again and again, as of a night that no training saw: hits enough for any promise. */
async function writeOther(path: string, frames: FrameSource, rounds: number): Promise<void> {
  const all = Array.from({ length: frames.count }, (_, i) => i);
  const pixels = await Promise.all(all.map(async (i) => (await frames.read(i)).pixels));
  const writer = await createHdf5(path);
  const data = writer.growing('/entry/data/data', 'u2', [frames.height, frames.width], 1, 'gzip');
  const hits: number[] = [];
  for (let round = 0; round < rounds; round++)
    for (const i of all) {
      data.append(pixels[i]!);
      hits.push(Number(frames.label(i).hit));
    }
  writer.dataset('/entry/data/hit', Uint8Array.from(hits));
  await writer.commit();
}

/** The firmware's words of `count` frames: every second one a miss, of which the prescale of 4 kept each fourth. */
function decisionWords(count: number): Buffer {
  const word = (frame: number): Buffer => {
    const miss = frame % 2 === 1;
    const prescaled = miss && frame % 8 === 1;
    const values: Readonly<Record<string, bigint>> = {
      number: BigInt(frame),
      keep: BigInt(!miss || prescaled),
      by_score: BigInt(!miss),
      by_prescale: BigInt(prescaled),
      weight: miss ? (prescaled ? 4n : 0n) : 1n,
    };
    const bits = DECISION_FIELDS.reduce(
      (all, { name, low }) => all | ((values[name] ?? 0n) << BigInt(low)),
      0n,
    );
    return Buffer.from(bits.toString(16).padStart(64, '0'), 'hex').reverse();
  };
  return Buffer.concat(Array.from({ length: count }, (_, frame) => word(frame)));
}

const table = (rows: readonly (readonly unknown[])[]): string =>
  rows.map((row) => `${row.join(',')}\n`).join('');

/** Writes the files into `folder`, in which `night1.h5` is there. */
export async function writeNight(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const night = await openFrames(at('night1.h5'));
  const every = Array.from({ length: night.count }, (_, i) => i);
  const shape = [night.height, night.width];
  const hit = every.map((i) => Number(night.label(i).hit));
  mkdirSync(at('night'));
  for (const i of every)
    writeFileSync(at(`night/${String(i).padStart(3, '0')}.cbf`), cbf((await night.read(i)).pixels, shape));
  writeFileSync(at('night.csv'), table([['file', 'hit'], ...every.map((i) => [`night/${String(i).padStart(3, '0')}.cbf`, hit[i]])])); // prettier-ignore
  writeFileSync(at('pixels.npy'), mask(shape));
  for (const i of every)
    appendFileSync(
      at('night1.stream'),
      `----- Begin chunk -----\nImage filename: night1.h5\nEvent: //${i}\nindexed_by = ${hit[i] === 1 && i % 3 > 0 ? 'xgandalf-nolatt-cell' : 'none'}\n----- End chunk -----\n`,
    );
  writeFileSync(at('night1.csv'), table([['frame', 'hit'], ...every.map((i) => [i, hit[i]])]));
  await writeModules(at('r0007'), night);
  await writeOther(at('other-night.h5'), night, OTHER_ROUNDS);
  await writeOther(at('short-night.h5'), night, 1);
  await night.close();
  for (const name of ['frames.h5', 'simulated.h5']) copyFileSync(at('night1.h5'), at(name));
  mkdirSync(at('night1'));
  copyFileSync(at('night1.h5'), at('night1/first.cxi'));
  copyFileSync(at('night1.h5'), at('run12.cxi'));
  copyFileSync(at('night1.h5'), at('run12_data_000001.h5'));
  await writeHdf5(at('run12_master.h5'), {
    '/entry/data/data_000001': { external: 'run12_data_000001.h5', target: '/entry/data/data' },
  });
  const { high } = await loadHdf5();
  const file = new high.File(at('night1.h5'), 'a');
  file.create_dataset({ name: '/entry/meta/pulseId', data: Float64Array.from(every, (i) => 5000 + 2 * i) });
  file.close();
  writeFileSync(at('decisions.bin'), decisionWords(64));
  writeFileSync(at('indexed.csv'), table([['number', 'hit'], ...Array.from({ length: 64 }, (_, i) => [i, Number(i % 2 === 0)])])); // prettier-ignore
  for (const name of ['my.onnx', 'finder.onnx']) copyFileSync(`${MODELS}keras.onnx`, at(name));
  await writeKeras3(at('finder.keras'));
  await writeKeras2(at('resnet.h5'));
}
