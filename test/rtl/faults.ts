/** Faults that a wrong module, table, link or top could hold; each must be seen. */
import type { HlsFault } from '../mutation/plant.js';

const module = (name: string): string => `rtl/vetoc/vetoc_${name}.sv`;
const fault = (file: string, name: string, at: RegExp, wrong: string): HlsFault => ({
  name,
  file,
  at,
  wrong,
});

/** Faults of the modules that the zoo network has. */
export const ZOO_FAULTS: readonly HlsFault[] = [
  // Links.
  fault(module('credit'), 'a credit too many after reset', /count <= (A'\(DEPTH\))/, "A'(DEPTH + 1)"),
  fault(module('credit'), 'a credit too few after reset', /count <= (A'\(DEPTH\))/, "A'(DEPTH - 1)"),
  fault(
    module('credit'),
    'a credit lost where one comes and one goes',
    /if \(take && (!give)\) count/,
    "1'b1",
  ),
  fault(
    module('credit'),
    'a credit won where one comes and one goes',
    /if \((!take) && give\) count/,
    "1'b1",
  ),
  fault(module('credit'), 'room that is said a word late', /ok <= (give \|\| [^;]*);/, "count != '0"),
  fault(
    module('fifo'),
    'the last place of a FIFO left out',
    /write_at <= (write_at == LAST) \?/,
    "write_at + 1'b1 == LAST",
  ),
  fault(
    module('fifo'),
    'a FIFO that is read from the wrong end',
    /assign q = words\[(read_at)\];/,
    "write_at - 1'b1",
  ),
  fault(
    module('fifo'),
    'a word in block RAM that is shown a cycle late',
    /some <= (some_next);/,
    "count != '0",
  ),
  fault(
    module('fifo'),
    'a credit that never returns',
    /give <= (pop && !rst);/,
    "pop && !rst && read_at != '0",
  ),
  // Receiving and preprocessing.
  fault(
    module('place'),
    'a frame one beat short',
    /at_final <= next == (PA'\(LENGTH - 1\));/,
    "PA'(LENGTH - 2)",
  ),
  fault(module('receive'), 'a beat too late', /d <= filling \? '0 : (data);/, 'd'),
  fault(module('receive'), 'a good frame called malformed', /causes_now\[1\] = at_final && (!last);/, 'last'),
  fault(
    module('place'),
    'a header that is taken for pixels',
    /ends\) begin\s+at_header <= HEADER > 0;\s+at_pixels <= (HEADER == 0);/,
    "1'b1",
  ),
  fault(
    module('status'),
    'a frame called by a wrong number',
    /number\[p\*PART\+:PART\] <= (data\[PART-1:0\]);/,
    '~data[PART-1:0]',
  ),
  fault(
    module('prescale'),
    "a frame called by its neighbour's number",
    /NUMBERED \? (q\[63:0\]) :/,
    "q[63:0] + 1'b1",
  ),
  fault(
    module('crop'),
    'a dropped last row',
    /YA'\(y - YA'\(TOP\)\) < (YA'\(OUT_HEIGHT\));/,
    "YA'(OUT_HEIGHT - 1)",
  ),
  fault(module('crop'), 'a row too low', /YA'\(y - (YA'\(TOP\))\) </, "YA'(TOP + 1)"),
  fault(
    module('crop'),
    'a shifted row that misses what came before',
    /d <= \{q\[SHIFT\*W-1:0\], (previous)\};/,
    "'0",
  ),
  fault(
    module('mask'),
    'a bit of the mask that belongs to the neighbour',
    /if \(beat2 == (BA'\(b\))\)/,
    "BA'(b + 1)",
  ),
  fault(module('mask'), 'a mask upside down', /d\[l\*W\+:W\] <= (live2\[l\]) \?/, '!live2[l]'),
  fault(
    module('mask'),
    'a mask that goes on over the end of a frame',
    /beat <= (last \|\| beat == BA'\(BEATS - 1\)) \?/,
    "beat == BA'(BEATS - 1)",
  ),
  fault(
    module('bin'),
    'the darkest pixel of a block',
    /a_wins = (a\[OW-1:0\] > b\[OW-1:0\]);/,
    'a[OW-1:0] < b[OW-1:0]',
  ),
  fault(
    module('bin'),
    'a row of blocks that remembers the one before',
    /fresh1 <= (part == '0 && dy == '0);/,
    "1'b0",
  ),
  fault(module('bin'), 'a sum of a block that loses a pixel', /both = PW'\((a \+ b)\);/, 'a'),
  fault(module('bin'), 'the block of the neighbouring column', /rows\[(x1)\] <= joined/, 'x'),
  fault(module('clamp'), 'a clamp without its lower end', /assign above = (x < LOW \? LOW : x);/, 'x'),
  fault(module('clamp'), 'a clamp that wraps', /assign limited = (above > HIGH \? HIGH : above);/, 'above'),
  fault(module('index'), 'the neighbouring entry of a table', /A'\((place)\);/, 'place + 1'),
  // Windows.
  fault(
    module('window'),
    'windows without the last row',
    /next_rows = last_y \? (RA'\(KH - 1 - SKIP_Y\)) :/,
    "RA'(KH - SKIP_Y)",
  ),
  fault(
    module('window'),
    'windows a column late',
    /next_columns = last_x \? (CA'\(KW - 1 - SKIP_X\)) :/,
    "CA'(KW - SKIP_X)",
  ),
  fault(module('window'), 'padding that reads', /arriving1 <= (in_image \? q : PADDING);/, 'q'),
  fault(module('window'), 'a window that does not shift', /if \(v1\) columns2 <= (columns1);/, 'columns2'),
  fault(module('window'), 'channels of a pixel mixed up', /assign left1 = columns\[(g1)\];/, 'g'),
  fault(module('lines'), 'a stale line buffer', /g_lut[^]*line\[at1\] <= (d);/, 'line[at1]'),
  fault(
    module('lines'),
    'a line buffer one word short',
    /assign after = (at == A'\(WORDS - 1\)) \?/,
    "at == A'(WORDS - 2)",
  ),
  // Products and sums.
  fault(
    module('dot'),
    'a product of unsigned weights',
    /assign b = (weights\[k\*WW\+:WW\]);/,
    "weights[k*WW+:WW] & ~(WW'(1) << (WW - 1))",
  ),
  fault(
    module('sum'),
    'a difference for a sum',
    /both <= (\(W\+1\)'\(a\) \+ \(W\+1\)'\(b\));/,
    "(W+1)'(a) - (W+1)'(b)",
  ),
  fault(
    module('accumulate'),
    'sums without a bias',
    /\((first \? AW'\(bias\) : earlier)\)/,
    "first ? '0 : earlier",
  ),
  fault(module('accumulate'), 'a sum of the frame before', /\((first \? AW'\(bias\) : earlier)\)/, 'earlier'),
  fault(
    module('accumulate'),
    'the sum of the neighbouring output',
    /assign earlier = sums\[(o)\];/,
    "o + 1'b1",
  ),
  fault(
    module('matvec'),
    'a bias of the neighbour',
    /delay_channel \(\.clk, \.x\((channel0)\)/,
    "channel0 + 1'b1",
  ),
  fault(
    module('matvec'),
    'the shift of the next channel',
    /\.shift\((shifts1\[p\*SW\+:SW\])\)/,
    'shifts[p*SW+:SW]',
  ),
  fault(
    module('matvec_control'),
    'a group left out',
    /writes <= (next_t == TA'\(TAP_FOLD - 1\) && next_w == WA'\(WORDS - 1\));/,
    "next_t == TA'(TAP_FOLD - 1)",
  ),
  fault(module('matvec'), 'the wrong part of a word', /assign part1 = parts\[(t1)\];/, 't'),
  fault(
    module('matvec_control'),
    'weights a row on',
    /after <= (after == SA'\(STEPS - 1\)) \?/,
    "after == SA'(STEPS - 2)",
  ),
  fault(
    module('matvec_control'),
    'channels that do not start again with a word',
    /else if \(!writes\) channel <= (channel - CA'\(OUT_FOLD - 1\));/,
    "channel + 1'b1",
  ),
  // Rounding.
  fault(module('requantize'), 'half up for half even', /0: up1 = (half && \(sticky \|\| odd\));/, 'half'),
  fault(module('requantize'), 'truncation for half even', /0: up1 = (half && \(sticky \|\| odd\));/, "1'b0"),
  fault(module('requantize'), 'half down for half up', /1: up1 = (half);/, 'half && sticky'),
  fault(
    module('requantize'),
    'half away from zero for half to zero',
    /2: up1 = (half && \(sticky \|\| negative\));/,
    'half && (sticky || !negative)',
  ),
  fault(
    module('requantize'),
    'a ReLU the wrong way round',
    /(ACTIVATION == 1 && acc\[AW-1\]) \? '0 : acc/,
    'ACTIVATION == 1 && !acc[AW-1]',
  ),
  fault(
    module('requantize'),
    'a leaky ReLU that leaks nothing',
    /active <= acc\[AW-1\] \? (AW'\(acc \* AW'\(alpha\)\)) :/,
    "'0",
  ),
  fault(
    module('requantize'),
    'a clip that is not made',
    /if \((ACTIVATION == 2 && inside_format > \(OW\+1\)'\(MAX\))\)/,
    "1'b0",
  ),
  fault(module('requantize'), 'a result that wraps', /if \((over && OVERFLOW < 3)\)/, "1'b0"),
  fault(
    module('requantize'),
    'a shift one too far',
    /exact1 <= EW'\(active\) <<< (shift0);/,
    "shift0 + 1'b1",
  ),
  // Pools, joins, words.
  fault(
    module('max'),
    'the first value of a window for its largest',
    /best <= \((SIGNED \? \$signed\(other\) > \$signed\(one\) : other > one)\)/,
    "1'b0",
  ),
  fault(module('global'), 'a pool that keeps the frame before', /first1 <= (i == '0);/, "1'b0"),
  fault(
    module('global'),
    'a pool that ends a pixel early',
    /assign last = (i == PA'\(PIXELS - 1\));/,
    "i == PA'(PIXELS - 2)",
  ),
  fault(module('mean'), 'a mean that is a sum', /AW'\(total\) \* (factor);/, "AW'(1)"),
  fault(module('concat_wide'), 'joined channels in the wrong order', /d <= (\{b_q, a_q\});/, '{a_q, b_q}'),
  fault(module('narrow'), 'a narrow word twice', /rest <= (\(fresh \? q : rest\) >> W);/, 'fresh ? q : rest'),
  fault(
    module('widen'),
    'a wide word filled from the wrong end',
    /slot == (SA'\(s\))\) d/,
    "SA'(RATIO - 1 - s)",
  ),
  // The decision.
  fault(
    module('score'),
    'a class that changed sides',
    /assign hit_of\[LANES\+l\] = (hits\[l\]) \?/,
    '!hits[l]',
  ),
  fault(
    module('decide'),
    'a threshold that must be exceeded',
    /enough4 <= (score\[15:0\] >= limit\[15:0\]);/,
    "score[15:0] > limit[15:0] + 16'd200",
  ),
  fault(
    module('score'),
    'a score the wrong way round',
    /assign score = (32'\(hit2\) - 32'\(miss2\));/,
    "32'(miss2) - 32'(hit2)",
  ),
  fault(module('score'), 'best logits of the frame before', /first1 <= (first);/, "1'b0"),
];

/** Of those that only a residual network has. */
export const SAMPLE_FAULTS: readonly HlsFault[] = [
  fault(module('add'), 'a residual that is not added', /<= \(a <<< A_SHIFT\) \+ \((b <<< B_SHIFT)\);/, "'0"),
  fault(
    module('add'),
    'a residual at the wrong resolution',
    /<= \((a <<< A_SHIFT)\) \+/,
    'a <<< (A_SHIFT + 1)',
  ),
  fault(
    module('matvec'),
    'a depthwise kernel of the neighbouring lane',
    /DEPTHWISE \? (k \* OUT_LANES \+ p) : k/,
    'k * OUT_LANES + (p + 1) % OUT_LANES',
  ),
];

/** Of words whose gain bits say the stage. */
export const GAIN_BITS_FAULTS: readonly HlsFault[] = [
  fault(
    module('gain_stage'),
    'the stage of the neighbouring gain bits',
    /if \(code == (W'\(c\))\)/,
    "W'(c) ^ W'(1)",
  ),
  fault(
    module('gain_stage'),
    'a least ADC value that measures nothing',
    /= (adc >= LEAST\[s\*ADC_BITS\+:ADC_BITS\]) &&/,
    'adc > LEAST[s*ADC_BITS+:ADC_BITS]',
  ),
  fault(
    module('calibrate'),
    'the pedestal of another stage',
    /pedestals1\[(s\*PW)\+:PW\]/,
    '(s + 1) % STAGES * PW',
  ),
  fault(
    module('calibrate'),
    'the factor of another stage',
    /factors1\[(s\*FW)\+:FW\]/,
    '(s + 1) % STAGES * FW',
  ),
  fault(
    module('calibrate'),
    'the maps of the neighbouring pixel',
    /pedestals1 <= pedestals\[(l\*STAGES\*PW)\+:/,
    '(l + 1) % PIXELS * STAGES * PW',
  ),
  fault(
    module('calibrate'),
    'the ADC value of the next word',
    /assign difference = \$signed\(DW'\((adc2)\)/,
    'adc1',
  ),
  fault(module('calibrate'), 'an ADC unit twice as large', /<<< (FRACTION)\)/, 'FRACTION + 1'),
  fault(module('calibrate'), 'a pedestal that is added', /\) - (pedestal);/, '-pedestal'),
  fault(
    module('calibrate'),
    'a factor without its sign',
    /FSIGNED \? (XW'\(\$signed\(factor2\)\)) :/,
    "XW'(factor2) & ~(XW'(1) << (XW - 1))",
  ),
  fault(module('receive_maps'), 'a word of maps too late', /beat <= (cut \? '0 : data);/, 'beat'),
  fault(module('receive_maps'), 'a set a word short', /at_crc = place == (PA'\(BEATS\));/, "PA'(BEATS - 1)"),
  fault(module('receive_maps'), 'a CRC that goes on over sets', /if \((ended1)\) crc/, "1'b0"),
];

const DIFFERENCE = /\? '0 : (\(value <<< FRACTION\) - AW'\(shift1\));/;
/** Of rows whose segments lose what they have in common. */
export const COMMON_MODE_FAULTS: readonly HlsFault[] = [
  fault(
    module('segment_sum'),
    'a pixel at the limit that does not count',
    /value != 0 && (value <= MOST) &&/,
    'value < MOST',
  ),
  fault(
    module('segment_sum'),
    'a pixel at the limit below zero that does not count',
    /&& (value >= -MOST);/,
    'value > -MOST',
  ),
  fault(module('segment_sum'), 'what measures nothing counts', /assign dark = (value != 0) &&/, "1'b1"),
  fault(
    module('segment_sum'),
    'bright pixels in the sum',
    /\+:DW\] <= (dark \? DW'\(value\) : '0);/,
    "DW'(value)",
  ),
  fault(
    module('segment_sum'),
    'a sum that goes on over segments',
    /TW'\(part\) \+ (\(fresh \? '0 : sum\));/,
    'sum',
  ),
  fault(
    module('segment_sum'),
    'a number that goes on over segments',
    /CW'\(number\) \+ (\(fresh \? '0 : count\));/,
    'count',
  ),
  fault(
    module('segment_sum'),
    'a segment of which the first word is missing',
    /fresh <= (ends);/,
    'ends || fresh',
  ),
  fault(
    module('segment_sum'),
    'a segment a word short',
    /last <= next == (PA'\(SEGMENT - 1\));/,
    "PA'(SEGMENT - 2)",
  ),
  fault(module('segment_sum'), 'the sum of a word later', /sum1 <= (sum);/, "TW'(part) + sum"),
  fault(module('common_mode'), 'what measures nothing loses a mean', /\+:AW\] <= (value == 0) \?/, "1'b0"),
  fault(module('common_mode'), 'a mean that is added', DIFFERENCE, "(value <<< FRACTION) + AW'(shift1)"),
  fault(
    module('common_mode'),
    'a mean without its sign',
    DIFFERENCE,
    "(value <<< FRACTION) - AW'({1'b0, shift1})",
  ),
  fault(
    module('common_mode'),
    'a mean twice as large',
    DIFFERENCE,
    "(value <<< FRACTION) - (AW'(shift1) <<< 1)",
  ),
  fault(module('common_mode'), 'the mean of the segment before', /first <= (next == '0);/, "next == PA'(1)"),
];

/** Of words beside which words of gain come. */
export const THRESHOLD_FAULTS: readonly HlsFault[] = [
  fault(
    module('gain_stage'),
    'a threshold that counts as above it',
    /2'\((gain > thresholds\[s\*W\+:W\])\)/,
    'gain >= thresholds[s*W+:W]',
  ),
  fault(module('gain_stage'), 'gain bits that are overlooked', /means\[s\] = (code == '0) &&/, "1'b1"),
  fault(
    module('gain_stage'),
    'a saturated word that measures',
    /&& (adc <= MOST\[s\*ADC_BITS\+:ADC_BITS\]);/,
    "1'b1",
  ),
];

/** Of windows that end with the last pixel: padding in front that no event walks over. */
export const CAUSAL_FAULTS: readonly HlsFault[] = [
  fault(
    module('window'),
    'rows of the frame before for padding above',
    /= outside1 \? (PADDING) : above1/,
    'above1[ky*W+:W]',
  ),
  fault(
    module('window'),
    'the end of a row for padding to its left',
    /= outside1 \? (\{KH\{PADDING\}\}) : left1/,
    'left1[kx*KH*W+:KH*W]',
  ),
];
