/**
 * CBF as PILATUS and EIGER detectors write it, and cctbx: a text header, then pixels with byte-offset compression, packed, or plain.
 *
 * A third dimension, and further binary sections, are further frames; sections of arrays with names of their own
 * (`_array_data.array_id`, as cctbx writes CSPAD) are modules of one frame. Stated checksums are checked.
 * Source of the layout: H. J. Bernstein, A. P. Hammersley, International Tables for Crystallography G, 2.3 (imgCIF),
 * and the mini-header described by DECTRIS. Refuses other compressions by name, damaged pixels, and data that end early.
 * Negative counts of counters are no measurement (−1 a gap, −2 a bad pixel).
 */
import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { mergeRules, NO_RULE, PIXEL_BYTES, pixelArray, type PixelArray, type ValueRule } from '../pixels.js';
import { decodeByteOffset } from './byte-offset.js';
import { decodePixels, latin1, openBytes, type ByteSource } from './bytes.js';
import { decodePacked } from './cbf-packed.js';
import { readSections, type CbfSection } from './cbf-sections.js';
import {
  checkFrameIndex,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { cifValues } from './cif.js';
import { markRule, withSaturation } from './marks.js';
import { miniHeader } from './mini-header.js';

export const cbfFormat: FrameFormat = {
  name: 'CBF',
  singleFrame: true,
  matches: (head, name) => latin1(head.subarray(0, 7)).startsWith('###CBF') || name.endsWith('.cbf'),
  open: openCbf,
};

const STORAGE_WORDS = {
  none: 'uncompressed',
  'x-CBF_BYTE_OFFSET': 'byte offset',
  'x-CBF_PACKED': 'packed',
  'x-CBF_PACKED_V2': 'packed (version 2)',
} as const;

/** Packed are frames of detectors that integrate charge (CSPAD, Rayonix): noise below their pedestal is a measurement. */
const mayBeNegative = ({ compression, text }: CbfSection): boolean =>
  compression.startsWith('x-CBF_PACKED') && !/pilatus|eiger|dectris/i.test(text);

async function openCbf(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const sections = await readSections(bytes);
  const first = sections[0]!;
  const modules = sections.length > 1 && haveNames(sections);
  checkSameSections(request.file, sections);
  const sectionOf = sectionReader(bytes);
  const shape = [first.height, first.width];
  const facts = miniHeader(request.file, first.text);
  const stated = statedRule(request.file, first);
  return {
    file: request.file,
    format: 'CBF',
    dataset: null,
    count: modules ? first.depth : sections.length * first.depth,
    frameShape: modules ? [sections.length, ...shape] : shape,
    pixelType: first.type,
    storage: STORAGE_WORDS[first.compression],
    rule: stated.rule,
    details: facts.details,
    notes: [...facts.notes, ...stated.notes, ...elementNotes(request.file, sections)],
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

/**
 * What is no measurement: by the kind of detector, and by imgCIF's `_array_intensities`, whose rows are those of the arrays.
 * Of several limits the strictest counts for all of them, which is said.
 */
function statedRule(
  file: string,
  first: CbfSection,
): { readonly rule: ValueRule; readonly notes: readonly Note[] } {
  const notes: Note[] = [];
  const numbers = (item: string): readonly number[] => {
    const found = cifValues(first.text, `_array_intensities.${item}`).filter(
      (value) => !/^[.?]$/.test(value),
    );
    const values = [...new Set(found.map(Number))];
    if (values.length > 1 || values.some(Number.isNaN)) {
      const what = values.some(Number.isNaN)
        ? 'and what is no number is not used'
        : 'and the strictest is used for all arrays';
      notes.push(warning('values', file, `_array_intensities.${item}`, `is ${found.join(', ')}, ${what}`));
    }
    return values.filter((value) => !Number.isNaN(value));
  };
  const [overloads, underloads, undefinedValues] = [
    numbers('overload'),
    numbers('underload'),
    numbers('undefined_value'),
  ];
  const limits = overloads.filter((value) => value > 0);
  const marks = markRule(first.text, first.type);
  const rule = mergeRules(
    { ...marks, below: mayBeNegative(first) ? null : 0 },
    {
      ...NO_RULE,
      sentinels: undefinedValues,
      below: underloads.length === 0 ? null : Math.max(...underloads),
    },
  );
  return { rule: limits.length === 0 ? rule : withSaturation(rule, Math.min(...limits)), notes };
}

/** Says where the stated number of pixels is not that of the dimensions, which are what is read. */
function elementNotes(file: string, sections: readonly CbfSection[]): readonly Note[] {
  const odd = sections.find(
    ({ elements, width, height, depth }) => elements !== null && elements !== width * height * depth,
  );
  if (odd === undefined) return [];
  const { elements, width, height, depth } = odd;
  const size = `${depth > 1 ? `${depth}×` : ''}${height}×${width}`;
  return [
    warning(
      'frames',
      file,
      'X-Binary-Number-of-Elements',
      `is ${elements}, but the dimensions are ${size}, as which the elements were read`,
    ),
  ];
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
  const { start, size, type, width, height, depth, littleEndian, compression } = section;
  const packed = await bytes.read(start, size);
  if (section.md5 !== null && createHash('md5').update(packed).digest('base64') !== section.md5) {
    throw new UserError('is damaged: the pixels do not have the checksum (MD5) that the header states', {
      file: bytes.file,
      field: 'Content-MD5',
      remedy: 'copy the file again, or pass it over with --skip-bad',
    });
  }
  if (compression === 'none') return decodePixels(packed, type, littleEndian);
  if (compression === 'x-CBF_BYTE_OFFSET')
    return decodeByteOffset(bytes.file, packed, type, depth * width * height);
  return decodePacked(bytes.file, packed, compression, section);
}
