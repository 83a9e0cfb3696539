/** What rows of an ASIC have in common, taken away: sums of segments, a table of reciprocals, and the words that wait for both. */
import { bitsFor, fractionBits } from '../../../fixed/format.js';
import { NO_ACTIVATION } from '../../../ir/activations.js';
import { reciprocals, sumBounds } from '../../../ir/ops/common-mode.js';
import { segmentEvents } from '../../dataflow/events.js';
import { constantTable } from '../constant-table.js';
import { DEPTH, requantizePass, segmentSumDepth } from '../depths.js';
import { streamBits } from '../flow.js';
import { addressBits } from '../sv.js';
import {
  CLOCK,
  asks,
  gives,
  input,
  linkPorts,
  output,
  reads,
  requantizeParameters,
  roundLanes,
  wordWires,
  type Builder,
} from './common.js';

export const commonMode: Builder<'commonMode'> = (stage, context) => {
  const { name, node } = stage;
  const [from, to] = [input(stage), output(stage)];
  const { columns, limit, reciprocalFraction, accumulatorWidth, format } = node;
  const [waiting, shifts, exact] = [`${name}_waiting`, `${name}_shifts`, `${name}_exact`];
  const table = constantTable({
    name: `${context.top}_${name}_reciprocals`,
    what: `2^${reciprocalFraction} by the number of pixels of ${node.id} that count`,
    values: reciprocals(node),
  });
  const segment = { LANES: from.lanes, W: from.format.width, ISIGNED: Number(from.format.signed) };
  const { shift: most } = sumBounds(node);
  const bits = bitsFor(-most, most, true);
  const [sums, means] = segmentEvents(stage);
  return {
    wires: [
      { name: `${name}_count`, bits: addressBits(columns + 1) },
      { name: `${name}_reciprocal`, bits: table.width },
      ...wordWires(exact, to.lanes * accumulatorWidth),
    ],
    links: [
      { name: waiting, bits: streamBits(from), reason: 'a segment of a row waits until its sum is known' },
      { name: shifts, bits, reason: 'each segment in work has a shift' },
    ],
    modules: [table],
    instances: [
      {
        module: 'vetoc_segment_sum',
        name: `${name}_sum`,
        parameters: { ...segment, LIMIT: limit, SEGMENT: columns / from.lanes, RW: table.width, HW: bits },
        ports: {
          ...CLOCK,
          ...reads(from.name),
          ...linkPorts(waiting),
          count: `${name}_count`,
          reciprocal: `${name}_reciprocal`,
          ...linkPorts(shifts, 'shift_'),
        },
      },
      {
        module: table.name,
        name: `${name}_table`,
        parameters: {},
        ports: { clk: 'clk', addr: `${name}_count`, q: `${name}_reciprocal` },
      },
      {
        module: 'vetoc_common_mode',
        name: `${name}_subtract`,
        parameters: {
          ...segment,
          SEGMENT: columns / from.lanes,
          FRACTION: reciprocalFraction,
          HW: bits,
          AW: accumulatorWidth,
        },
        ports: {
          ...CLOCK,
          ...reads(waiting),
          ...reads(shifts, 'shift_'),
          ...asks(to.name, context),
          ...gives(exact),
        },
      },
      roundLanes(
        name,
        { lanes: to.lanes, width: accumulatorWidth, from: exact, to: to.name },
        requantizeParameters(fractionBits(from.format) + reciprocalFraction, NO_ACTIVATION, format),
      ),
    ],
    processes: [
      {
        name: `${name}.sum`,
        inputs: [from.name],
        outputs: [
          { stream: waiting, depth: DEPTH.waiting },
          { stream: shifts, depth: segmentSumDepth(from.lanes) },
        ],
        events: sums,
      },
      {
        name: `${name}.subtract`,
        inputs: [waiting, shifts],
        outputs: [{ stream: to.name, depth: DEPTH.commonMode + requantizePass(NO_ACTIVATION) }],
        events: means,
      },
    ],
  };
};
