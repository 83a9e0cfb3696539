/** The stored results of the established spot finders, and the frames they were found on. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import h5wasm, { File as H5File, Dataset } from 'h5wasm/node';

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
export const framesFile = `${folder}nanobragg_dev.h5`;
export const peaksFile = `${folder}peaks_dev.h5`;
export const missingReason =
  existsSync(framesFile) && existsSync(peaksFile) ? null : `no ${peaksFile} on this machine`;

export async function openH5(path: string): Promise<H5File> {
  await h5wasm.ready;
  return new H5File(path, 'r');
}

export function dataset(file: H5File, path: string): Dataset {
  const found = file.get(path);
  if (!(found instanceof Dataset)) throw new Error(`${path} is no dataset`);
  return found;
}

/** All values of a dataset as one typed array. */
export function values<T>(file: H5File, path: string): T {
  return dataset(file, path).value as T;
}

/** Rows of a two-dimensional float dataset. */
export function rows(file: H5File, path: string): number[][] {
  const d = dataset(file, path);
  const [count, columns] = d.shape as [number, number];
  const flat = d.value as Float32Array;
  return Array.from({ length: count }, (_, i) => [...flat.subarray(i * columns, (i + 1) * columns)]);
}

export interface ReferenceFrame {
  readonly index: number;
  readonly pixels: Uint16Array;
  readonly mask: Uint8Array;
  readonly beam: { readonly x: number; readonly y: number };
}

/** Reads frames of nanobragg_dev.h5 with mask and beam centre. */
export async function openReferenceFrames(): Promise<{
  read(index: number): ReferenceFrame;
  label(index: number): number;
  split(index: number): number;
  count: number;
  close(): void;
}> {
  const file = await openH5(framesFile);
  const data = dataset(file, 'entry/data/data');
  const styles = values<Uint8Array>(file, 'entry/meta/style');
  const maskSet = dataset(file, 'entry/mask');
  const beamX = values<Float32Array>(file, 'entry/meta/beam_x');
  const beamY = values<Float32Array>(file, 'entry/meta/beam_y');
  const labels = values<Uint8Array>(file, 'entry/data/label');
  const splits = values<Uint8Array>(file, 'entry/data/split');
  const masks = [0, 1, 2].map((s) => (maskSet.slice([[s, s + 1], [], []]) as Uint8Array).slice());
  return {
    count: labels.length,
    label: (index) => labels[index]!,
    split: (index) => splits[index]!,
    read: (index) => ({
      index,
      pixels: data.slice([[index, index + 1], [], []]) as Uint16Array,
      mask: masks[styles[index]!]!,
      beam: { x: beamX[index]!, y: beamY[index]! },
    }),
    close: () => void file.close(),
  };
}
