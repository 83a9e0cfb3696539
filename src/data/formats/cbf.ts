/**
 * CBF as PILATUS and EIGER detectors write it: a text header, then pixels with byte-offset compression or none.
 *
 * A third dimension, and further binary sections, are further frames; sections of arrays with names of their own
 * (`_array_data.array_id`, as cctbx writes CSPAD) are modules of one frame. Stated checksums are checked.
 * Source of the layout: H. J. Bernstein, A. P. Hammersley, International Tables for Crystallography G, 2.3 (imgCIF),
 * and the mini-header described by DECTRIS. Refuses other compressions by name, damaged pixels, and data that end early.
 * Negative counts are no measurement (−1 a gap, −2 a bad pixel).
 */
import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, pixelArray, type PixelArray } from '../pixels.js';
import { decodeByteOffset } from './byte-offset.js';
import { decodePixels, latin1, openBytes, type ByteSource } from './bytes.js';
import { readSections, type CbfSection } from './cbf-sections.js';
import {
  checkFrameIndex,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { markRule } from './marks.js';

export const cbfFormat: FrameFormat = {
  name: 'CBF',
  singleFrame: true,
  matches: (head, name) => latin1(head.subarray(0, 7)).startsWith('###CBF') || name.endsWith('.cbf'),
  open: openCbf,
};

async function openCbf(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const sections = await readSections(bytes);
  const first = sections[0]!;
  const modules = sections.length > 1 && haveNames(sections);
  checkSameSections(request.file, sections);
  const sectionOf = sectionReader(bytes);
  const shape = [first.height, first.width];
  return {
    file: request.file,
    format: 'CBF',
    dataset: null,
    count: modules ? first.depth : sections.length * first.depth,
    frameShape: modules ? [sections.length, ...shape] : shape,
    pixelType: first.type,
    storage: first.compression === 'none' ? 'uncompressed' : 'byte offset',
    rule: { ...markRule(first.text, first.type), below: 0 },
    details: miniHeader(first.text),
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      const count = modules ? first.depth : sections.length * first.depth;
      checkFrameIndex(request.file, index, count);
      if (modules)
        return joinSections(await Promise.all(sections.map((one) => sectionOf(one, index))), first);
      return sectionOf(sections[Math.floor(index / first.depth)]!, index % first.depth);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/** Whether each section is announced under another name of an array: the rows of imgCIF's `_array_data`. */
function haveNames(sections: readonly CbfSection[]): boolean {
  const names = sections.map(
    ({ text }) => /([^\s;]+)\s+\d+\s+;\s*--CIF-BINARY-FORMAT-SECTION--\s[^]*$/.exec(text)?.[1],
  );
  return !names.includes(undefined) && new Set(names).size === sections.length;
}

function checkSameSections(file: string, sections: readonly CbfSection[]): void {
  const [first, ...rest] = sections;
  for (const [i, one] of rest.entries()) {
    const same = one.width === first!.width && one.height === first!.height && one.type === first!.type;
    if (same && one.depth === first!.depth) continue;
    throw new UserError(
      `has ${sections.length} binary sections, and number ${i + 2} is ${one.height}×${one.width} ${one.type}, not ${first!.height}×${first!.width} ${first!.type}`,
      { file, remedy: 'split the file' },
    );
  }
}

function joinSections(parts: readonly PixelArray[], { type, width, height }: CbfSection): PixelArray {
  const size = width * height;
  const out = pixelArray(type, new ArrayBuffer(parts.length * size * PIXEL_BYTES[type])) as Int32Array;
  parts.forEach((part, i) => out.set(part as Int32Array, i * size));
  return out;
}

/** Reads image `plane` of a section; a section of several is unpacked once while its images are asked for in a row. */
function sectionReader(bytes: ByteSource): (section: CbfSection, plane: number) => Promise<PixelArray> {
  let last: { readonly section: CbfSection; readonly pixels: PixelArray } | null = null;
  return async (section, plane) => {
    const size = section.width * section.height;
    const pixels = last?.section === section ? last.pixels : await readSection(bytes, section);
    if (section.depth === 1) return pixels;
    last = { section, pixels };
    return pixels.slice(plane * size, (plane + 1) * size);
  };
}

async function readSection(bytes: ByteSource, section: CbfSection): Promise<PixelArray> {
  const { start, size, type, width, height, depth, littleEndian } = section;
  const packed = await bytes.read(start, size);
  if (section.md5 !== null && createHash('md5').update(packed).digest('base64') !== section.md5) {
    throw new UserError('is damaged: the pixels do not have the checksum (MD5) that the header states', {
      file: bytes.file,
      field: 'Content-MD5',
      remedy: 'copy the file again, or pass it over with --skip-bad',
    });
  }
  if (section.compression === 'none') return decodePixels(packed, type, littleEndian);
  return decodeByteOffset(bytes.file, packed, type, depth * width * height);
}

/** Facts of the mini-header, in the units that it states. */
function miniHeader(text: string): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  const add = (name: string, pattern: RegExp, group = 1): void => {
    const value = pattern.exec(text)?.[group];
    if (value !== undefined) facts[name] = Number.isFinite(Number(value)) ? Number(value) : value.trim();
  };
  add('detector', /# Detector:?\s+([^\r\n]+)/i);
  add('wavelengthAngstrom', /# Wavelength\s+([\d.eE+-]+)/i);
  add('distanceM', /# Detector_distance\s+([\d.eE+-]+)/i);
  add('pixelSizeXM', /# Pixel_size\s+([\d.eE+-]+)\s*m\s*x\s*([\d.eE+-]+)/i);
  add('pixelSizeYM', /# Pixel_size\s+([\d.eE+-]+)\s*m\s*x\s*([\d.eE+-]+)/i, 2);
  add('beamXPixels', /# Beam_xy\s+\(\s*([\d.eE+-]+)\s*,\s*([\d.eE+-]+)\s*\)/i);
  add('beamYPixels', /# Beam_xy\s+\(\s*([\d.eE+-]+)\s*,\s*([\d.eE+-]+)\s*\)/i, 2);
  add('exposureS', /# Exposure_time\s+([\d.eE+-]+)/i);
  add('countCutoff', /# Count_cutoff\s+([\d.eE+-]+)/i);
  return facts;
}
