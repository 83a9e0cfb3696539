/**
 * What the pragmas DEPENDENCE of the firmware's loops say of how long a word waits in an array, against what the loops do: every
 * array notes in which iteration a place was written, and how many iterations later it is read.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const TEMPLATES = join(import.meta.dirname, '../../hls-templates');
const folder = mkdtempSync(join(tmpdir(), 'vetoc-distance-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const header = (name: string): string => readFileSync(join(TEMPLATES, 'vetoc', name), 'utf8');

/** An element of an array, in place of a word: it notes when it was written, and complains of being read too early. */
const NOTED = `#include "word.h"
#include <cstdio>
#include <map>
#include <string>
static long now = 0;
/// The fewest iterations between a write and a read of the same place, by array.
static std::map<std::string, long> fewest;
template <typename W>
struct noted {
  W word;
  decltype(word.lane) &lane = word.lane;
  long at = -1;
  std::string name;
  operator W &() {
    if (at >= 0 && (fewest.count(name) == 0 || now - at < fewest[name])) fewest[name] = now - at;
    return word;
  }
  noted &operator=(const W &w) { return put(w); }
  noted &operator=(noted &other) { return put(other); }
  noted &put(W w) {
    word = w;
    at = now;
    return *this;
  }
};
template <typename W, std::size_t N>
void name_all(noted<W> (&array)[N], const char *name) { for (auto &one : array) one.name = name; }
template <typename A, std::size_t N>
void name_all(A (&array)[N], const char *name) { for (auto &one : array) name_all(one, name); }
`;

/** The header with every array of words that a pragma DEPENDENCE speaks of noting what happens to it. */
function instrumented(text: string): string {
  const arrays = [...text.matchAll(/DEPENDENCE variable = (\w+) /g)].map(([, name]) => name!);
  expect(arrays.length).toBeGreaterThan(0);
  let result = text.replaceAll('#pragma HLS PIPELINE II = 1', '++now;');
  for (const array of arrays) {
    const declared = new RegExp(`^  (word_t|word<[^>]*>) ${array}((?:\\[[^\\]]*\\])+);.*$`, 'm');
    expect(result).toMatch(declared);
    result = result.replace(declared, `  noted<$1> ${array}$2; name_all(${array}, "${array}");`);
  }
  // What the pragma says, as the compiler computes it.
  return result.replace(
    /#pragma HLS DEPENDENCE variable = (\w+) .*distance = (.*) true/g,
    'static const bool said_$1 = (std::printf("%s said %d\\n", "$1", int($2)), true); (void)said_$1;',
  );
}

interface Distance {
  readonly said: number;
  /** Between a write and the first read of it; none where the array is never read. */
  readonly found: number | undefined;
}

/** What the loop of `name` says and does with `config`; `main` sends words in and takes those that come out. */
function distances(name: string, config: string, main: string, change = (text: string): string => text) {
  const at = mkdtempSync(join(folder, 'loop-'));
  writeFileSync(join(at, name), instrumented(change(header(name))));
  writeFileSync(
    join(at, 'main.cpp'),
    `${NOTED}
#include "${name}"
struct config { ${config} };
int main() {
  ${main}
  for (const auto &one : fewest) std::printf("%s found %ld\\n", one.first.c_str(), one.second);
}
`,
  );
  const include = ['-I', at, '-I', join(TEMPLATES, 'sim'), '-I', join(TEMPLATES, 'vetoc')];
  execFileSync('g++', ['-std=c++17', '-O0', '-w', ...include, join(at, 'main.cpp'), '-o', join(at, 'main')]);
  const lines = execFileSync(join(at, 'main'), { encoding: 'utf8' }).trim().split('\n');
  const value = (array: string, what: string): number | undefined => {
    const line = lines.find((l) => l.startsWith(`${array} ${what} `));
    return line === undefined ? undefined : Number(line.split(' ')[2]);
  };
  const arrays = new Set(lines.map((l) => l.split(' ')[0]!));
  return new Map(
    [...arrays].map((a): [string, Distance] => [a, { said: value(a, 'said')!, found: value(a, 'found') }]),
  );
}

const constants = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `static constexpr int ${key} = ${value};`)
    .join(' ');

/** The loop of `name`, two frames of it, for words of `lanes` lanes. */
const twice = (call: string, lanes: number, words: number): string => `
  hls::stream<vetoc::word<ap_uint<8>, ${lanes}>> in("in");
  for (int f = 0; f < 2; ++f) {
    for (int i = 0; i < ${words}; ++i) {
      vetoc::word<ap_uint<8>, ${lanes}> w;
      for (auto &lane : w.lane) lane = i;
      in.write(w);
    }
    ${call}
    while (!out.empty()) out.read();
    now += 1000;
  }`;

function windowDistances(size: number, groups: number, kernel: number) {
  const values = {
    KERNEL_HEIGHT: kernel,
    KERNEL_WIDTH: kernel,
    LANES: 1,
    IN_CHANNELS: groups,
    PAD_TOP: 1,
    PAD_BOTTOM: 1,
    PAD_LEFT: 1,
    PAD_RIGHT: 1,
    IN_HEIGHT: size,
    IN_WIDTH: size,
    STRIDE_X: 1,
    STRIDE_Y: 1,
  };
  const call = 'hls::stream<vetoc::window_word<config>> out("out"); vetoc::sliding_window<config>(in, out);';
  return distances(
    'sliding_window.h',
    `typedef ap_uint<8> input_t; ${constants(values)}`,
    twice(call, 1, size * size * groups),
  );
}

const UPSAMPLE = (groups: number): string =>
  `typedef ap_uint<8> value_t; ${constants({ WIDTH: 5, HEIGHT: 3, GROUPS: groups, LANES: 1, FACTOR_X: 2, FACTOR_Y: 3 })}`;
const upsampleDistances = (groups: number, change?: (text: string) => string) =>
  distances(
    'upsample.h',
    UPSAMPLE(groups),
    twice(
      'hls::stream<vetoc::word<ap_uint<8>, 1>> out("out"); vetoc::upsample<config>(in, out);',
      1,
      15 * groups,
    ),
    change,
  );

describe('the distance that a pragma states', () => {
  it.each([
    [3, 1, 3],
    [4, 2, 3],
    [6, 5, 3],
    [5, 3, 2],
  ])('is that of line buffer and window: %i pixels a side, %i groups, kernel %i', (size, groups, kernel) => {
    const found = windowDistances(size, groups, kernel);
    expect(found.get('lines')).toEqual({ said: (size + 2) * groups, found: (size + 2) * groups });
    expect(found.get('window')).toEqual({ said: groups, found: groups });
  });

  it.each([1, 2, 6])('is that of pixels that are repeated: %i groups', (groups) => {
    const found = upsampleDistances(groups);
    expect(found.get('row')).toEqual({ said: 10 * groups, found: 10 * groups });
    expect(found.get('pixel')).toEqual({ said: groups, found: groups });
  });

  it.each([
    [1, 2, 2, 8],
    [2, 2, 3, 4],
    [1, 4, 2, 5],
  ])(
    'is that of unfinished blocks: %i pixels a word, %i columns and %i rows a block',
    (pixels, x, y, width) => {
      const values = {
        PIXELS: pixels,
        OUT_PIXELS: Math.max(1, pixels / x),
        FACTOR_X: x,
        FACTOR_Y: y,
        OUT_WIDTH: width,
        OUT_HEIGHT: 2,
      };
      const span = Math.max(1, x / pixels);
      const words = Math.ceil(width / values.OUT_PIXELS);
      const found = distances(
        'bin.h',
        `typedef ap_uint<8> input_t; typedef ap_uint<8> output_t; typedef vetoc::bin_max mode; ${constants(values)}`,
        twice(
          `hls::stream<vetoc::word<ap_uint<8>, ${values.OUT_PIXELS}>> out("out"); vetoc::bin<config>(in, out);`,
          pixels,
          2 * y * words * span,
        ),
      );
      // The last word of a block is written, the first of the one below reads.
      const distance = (words - 1) * span + 1;
      expect(found.get('blocks')).toEqual({ said: distance, found: distance });
    },
  );

  it('would be found too large: a copy that is read from the row at once', () => {
    const found = upsampleDistances(1, (text) => text.replace('value = pixel[g];', 'value = row[at];'));
    expect(found.get('row')).toEqual({ said: 10, found: 1 });
  });

  it('is stated of every array but the weights, whose writer has a bank of its own', () => {
    const lines = readdirSync(join(TEMPLATES, 'vetoc')).flatMap((name) =>
      [...header(name).matchAll(/#pragma HLS DEPENDENCE .*/g)].map(([line]) => line),
    );
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines)
      expect(line).toMatch(/variable = weights type = inter false|direction = RAW distance = [\w:]+ true$/);
  });

  it('is of a loop that stands in no other: a nest that is not flattened drains its pipeline with every turn', () => {
    for (const name of readdirSync(join(TEMPLATES, 'vetoc'))) {
      const text = header(name)
        .replace(/#ifdef __SYNTHESIS__\n.*\n#else\n/g, '')
        .replaceAll(/^#endif$/gm, '');
      const open: number[] = [];
      let depth = 0;
      for (const line of text.split('\n')) {
        if (/^\s*(for|while) \(.*\{$/.test(line)) open.push(depth);
        depth += line.split('{').length - line.split('}').length;
        while (open.length > 0 && depth <= open.at(-1)!) open.pop();
        if (line.includes('HLS PIPELINE')) expect(`${name}: ${open.length}`).toMatch(/: 1$/);
      }
    }
  });

  it('is refused by the compiler where a memory would answer too early', () => {
    const early = (text: string): string =>
      text.replace('bears(WORDS_OF_ROW, NEXT_ROW)', 'bears(WORDS_OF_ROW, 1)');
    expect(() => upsampleDistances(1, early)).toThrow(/read before it is written/);
  });
});
