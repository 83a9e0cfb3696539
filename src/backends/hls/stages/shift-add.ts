/** Stages whose products are shifts and additions. */
import { constant, intType, romType, signedBitsFor, table1, typedef } from '../cpp.js';
import { isPointwise } from '../../dataflow/folding.js';
import type { WeightedStage } from '../../dataflow/plan.js';
import { additions, sumWidths, type AdderGraph, type Term } from '../../dataflow/shift-add.js';
import { formatRange } from '../../dataflow/strategy.js';
import { biasLimit } from '../../dataflow/weights.js';
import {
  alignment,
  code,
  input,
  ioTypes,
  output,
  roundingMembers,
  slopeTables,
  windowMembers,
  windowText,
  type Context,
  type StageCode,
} from './common.js';

/** `a + (b << 2) - c` in `type`, a positive term first where there is one. */
function sumText(graph: AdderGraph, terms: readonly Term[], type: string): string {
  const name = (value: number): string => (value < graph.inputs ? `x[${value}]` : `s${value - graph.inputs}`);
  const ordered = [...terms].sort((a, b) => Number(a.negative) - Number(b.negative));
  return ordered
    .map(({ value, shift, negative }, i) => {
      const cast = `${type}(${name(value)})`;
      const text = shift === 0 ? cast : `(${cast} << ${shift})`;
      const sign = negative ? '- ' : '+ ';
      return i > 0 ? `${sign}${text}` : negative ? `-${text}` : text;
    })
    .join(' ');
}

/** Broken between terms, so that no line is longer than 116 columns. */
function statement(left: string, right: string): string {
  const lines: string[] = [];
  let line = `    ${left} =`;
  for (const part of right.split(/ (?=[+-] )/)) {
    if (line.length + part.length > 114) {
      lines.push(line);
      line = '       ';
    }
    line += ` ${part}`;
  }
  return [...lines, `${line};`].join('\n');
}

/** The struct that makes all outputs of a word. */
export function productsStruct(name: string, graph: AdderGraph, widths: readonly number[]): string {
  const used = graph.outputs.some((terms) => terms.length > 0);
  return [
    `// ${graph.inputs} values, ${graph.outputs.length} outputs: ${additions(graph)} additions, ${graph.sums.length} of them for several outputs.`,
    '// Made of the weights in signed digits, and proved to be the products with them.',
    `struct ${name} {`,
    '  template <typename VALUE, typename SUM>',
    `  static void sums(const VALUE (&x)[${graph.inputs}], SUM (&sum)[${graph.outputs.length}]) {`,
    '#pragma HLS INLINE',
    ...(used ? [] : ['    static_cast<void>(x);']),
    ...graph.sums.map((terms, i) => {
      const type = intType(true, widths[i]!);
      return statement(`const ${type} s${i}`, sumText(graph, terms, type));
    }),
    ...graph.outputs.map((terms, p) =>
      statement(`sum[${p}]`, terms.length === 0 ? '0' : sumText(graph, terms, 'SUM')),
    ),
    '  }',
    '};',
    '',
  ].join('\n');
}

export function shiftAddStage(stage: WeightedStage, graph: AdderGraph, { windowDepth }: Context): StageCode {
  const { node, name, folding } = stage;
  const [from, to] = [input(stage), output(stage)];
  const align = alignment(node.proof, node.id);
  const limit = biasLimit(node);
  const biasBits = signedBitsFor(-limit.below, limit.above);
  const names = [`${name}_bias`, `${name}_align`] as const;
  const windowed = node.kind !== 'dense' && !isPointwise(node);
  const what =
    node.kind === 'dense'
      ? 'dense'
      : `${node.kind === 'conv2d' ? '' : 'depthwise '}conv2d ${windowText(node)}`;
  return code(stage, {
    header: 'shift_add',
    function: windowed ? 'conv2d_shift_add' : 'shift_add',
    text: `${what}, as ${additions(graph)} additions`,
    members: [
      ...ioTypes(stage),
      ...(windowed ? windowMembers(node, from, to, windowDepth) : []),
      constant('VECTORS', to.shape[0] * to.shape[1], 'vectors a frame'),
      constant('TAPS', graph.inputs, 'values a word'),
      constant('OUT_LANES', folding.outLanes, 'outputs at a time'),
      typedef('products', `struct ${name}_products`, `shifts and additions, in tables/${name}.h`),
      typedef('bias_t', intType(true, biasBits), "at the accumulator's resolution"),
      constant('BANKS', 1, 'constant weights'),
      constant('OUT_CHANNELS', to.shape[2]),
      ...roundingMembers(stage, align),
    ],
    tables: [
      productsStruct(`${name}_products`, graph, sumWidths(graph, formatRange(from.format))),
      table1(romType(true, biasBits), names[0], node.weights.bias),
      `// Left shift that brings each channel's accumulator to the common fraction of ${align.fraction} bits.\n${table1(romType(false, 6), names[1], align.shifts)}`,
      ...slopeTables(stage, node.activation),
    ],
    arguments: names,
  });
}
