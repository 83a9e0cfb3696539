/** Faults that the benches of a project must see: of the two ends, the registers, the loader and the scrubbers. */
import type { HlsFault } from '../mutation/plant.js';

const fault = (module: string, name: string, at: RegExp, wrong: string): HlsFault => ({
  name: `${module}: ${name}`,
  file: `rtl/vetoc/vetoc_${module}.sv`,
  at,
  wrong,
});

/** Of a project with header, CRC, a FIFO in front and weights that are exchanged: `make check`. */
export const CHECK_FAULTS: readonly HlsFault[] = [
  fault(
    'place',
    'a header a beat too long',
    /HEADER > 0 && (now == PA'\(HEADER - 1\))\)/,
    "now == PA'(HEADER)",
  ),
  fault(
    'place',
    'pixels that end a beat late',
    /if \((now == PA'\(HEADER \+ BEATS - 1\))\)/,
    "now == PA'(HEADER + BEATS)",
  ),
  fault('place', 'a packet that does not begin anew', /assign next = (ends) \?/, "1'b0"),
  fault('absorb', 'a beat that waits is taken in a reset', /assign ready = (!rst) &&/, "1'b1"),
  fault('status', 'beats thrown away that are not told', /d <= \{(dropped), empty/, "32'd0"),
  fault('packet_crc', 'a CRC that goes on over packets', /\.state\((begins) \?/, "1'b0"),
  fault('packet_crc', 'any CRC will do', /assign wrong = (sent != ~crc);/, "1'b0"),
  fault(
    'receive',
    'a packet that ends too early is whole',
    /causes\[0\] \|\| \((last && !at_final)\)/,
    "1'b0",
  ),
  fault('receive', 'bytes that are not valid', /causes\[3\] \|\| (!whole);/, "1'b0"),
  fault('prescale', 'a prescale beyond its most', /d <= \{(prescale > MOST),/, "1'b0"),
  fault('prescale', 'a count that cannot be cleared', /assign count_now = (mode\[2\]) \?/, "1'b0"),
  fault('counters', 'counters that cannot be cleared', /= \((clear) \? 64'd0 : counts/, "1'b0"),
  fault('counters', 'counters that do not stand still', /if \((!hold)\) begin/, "1'b1"),
  fault('counters', 'kept frames among the vetoed', /64'\((!wanted)\),/, "1'b1"),
  fault(
    'counters',
    'counters of three bits',
    /frame_count <= (packet\[170:107\] \+ 1'b1);/,
    "64'(packet[109:107]) + 1'b1",
  ),
  fault(
    'decide',
    'a pass-through that vetoes',
    /assign keep = wanted \|\| by_prescale \|\| (pass_through);/,
    "1'b0",
  ),
  fault(
    'decide',
    'a malformed frame that may be vetoed',
    /assign wanted = by_score4 \|\| (malformed) \|\|/,
    "1'b0",
  ),
  fault(
    'decide',
    'a threshold register without effect',
    /limit3\[n\*32\+:32\] <= (decided\[172\]) \?/,
    "1'b0",
  ),
  fault('load', 'an image with any CRC', /if \((i == 32'\(WORDS - 1\) && w_tdata != ~crc)\)/, "1'b0"),
  fault('load', 'what is no image', /if \((i == '0 && w_tdata != MAGIC)\)/, "1'b0"),
  fault('load', 'an image of another design', /if \((i == 32'd1 && w_tdata != DESIGN)\)/, "1'b0"),
  fault('load', 'an image too short', /if \((w_tlast && i != 32'\(WORDS - 1\))\)/, "1'b0"),
  fault('load', 'an image too long', /if \((!w_tlast && i == 32'\(WORDS - 1\))\)/, "1'b0"),
  fault('load', 'words that are not whole', /if \((w_tkeep != 4'hf)\)/, "1'b0"),
  fault('load', 'weights out of range', /if \((of_a_part && wrong == '0 && !in_range)\)/, "1'b0"),
  fault('load', 'a refused image in use', /commit <= ends && (found_now == '0) \?/, "1'b1"),
  fault(
    'load',
    'a refused image that is not counted',
    /if \((found_now != '0 && !\(&weights_refused\))\)/,
    "1'b0",
  ),
  fault('part', 'weights in the neighbouring row', /weights_at <= (row_now);/, "row_now + 1'b1"),
  fault('part', "a neighbour's constants", /constants_at <= (channel_now);/, "channel_now + 1'b1"),
  fault('part', 'shifts forgotten', /= (words\[56\+:SW\]);/, "'0"),
  fault('banks', 'a bank that never changes', /assign bank = (in_use\[0\]);/, "1'b0"),
  fault(
    'banks',
    'built-in weights that are thought to be there still',
    /assign spent = (gone && !loaded && !in_use\[0\]);/,
    "1'b0",
  ),
  fault('swap', 'the set after the next', /<= (set_d\[n\*8\+:8\] \+ 1'b1);/, "set_d[n*8+:8] + 2'd2"),
  fault('swap', 'weights that never change', /if \((announce\[n\])\) announced/, "1'b0"),
];

/** Of a project with a second network in shadow: `make check`. */
export const CANARY_FAULTS: readonly HlsFault[] = [
  fault(
    'canary',
    'disagreements that are not counted',
    /disagreements \+ 64'\((!d\[99\] && d\[97\] != d\[121\])\)/,
    "1'b0",
  ),
  fault('canary', 'malformed frames that count', /frames \+ 64'\((!d\[99\])\)/, "1'b1"),
  fault('canary', 'any bound will do', /&& (disagreements <= 64'\(canary_bound\));/, "1'b1"),
  fault(
    'canary',
    'a shadow that takes over a frame early',
    /&& (frames >= 64'\(canary_frames\)) &&/,
    "frames + 1'b1 >= 64'(canary_frames)",
  ),
  fault('canary', 'no frame at all is proof enough', /(canary_frames != '0) &&/, "1'b1"),
  fault('canary', 'a shadow that never takes over', /\(taken_over \|\| (ripe)\);/, "1'b0"),
  fault('canary', 'a takeover for one decision', /may_take_over && \((taken_over) \|\|/, "1'b0"),
  fault('canary', 'a takeover that outlives its permission', /takes_over = (may_take_over) &&/, "1'b1"),
  fault('canary', 'counts that go on when places change', /if \((swaps_now) \|\| weights/, "1'b0"),
  fault('canary', 'counts that go on with other weights', /\|\| (weights != seen)\)/, "1'b0"),
  fault('canary', 'swaps that are not counted', /if \((swaps_now && !\(&swaps\))\) swaps/, "1'b0"),
  fault('canary', 'counts that do not stand still', /if \((!hold)\) begin/, "1'b1"),
  fault('canary', 'a command without effect', /second_now = (second_decides \^ takes_over);/, 'takes_over'),
  fault('decide', "the other network's score", /assign score = (second) \?/, '!second'),
  fault('decide', "the other network's weights", /assign set = (second) \?/, '!second'),
  fault('decide', "the other network's limit", /assign limit = (second) \?/, '!second'),
  fault('decide', "a shadow held to the other's limit", /\$signed\((second) \? limit3/, '!second'),
  fault('counters', 'a takeover that is not told', /status <= \{27'd0, (taken_over),/, "1'b0"),
  fault(
    'load',
    'an image for whoever decides',
    /i == '0 \? (\{!second_decides, second_decides\})/,
    '{second_decides, !second_decides}',
  ),
  fault('load', 'an image while the shadow may take over', /busy = (may_take_over) \|\|/, "1'b0"),
  fault('load', 'an image under which they changed places', /\|\| (network_now\[second_decides\]);/, "1'b0"),
  fault('load', 'parts for the first network alone', /(network_now\[n\]) \? part/, 'n == 0'),
  fault('load', 'a commit for both', /found_now == '0 \? (network_now) : '0;/, "'1"),
  fault(
    'swap',
    "the other network's set",
    /if \(set_take && (announced\[n\])\) set_d/,
    'announced[NETWORKS-1-n]',
  ),
];

/** Of a detector that cannot wait: `make check`. */
export const DROP_FAULTS: readonly HlsFault[] = [
  fault('absorb', 'lost packets that are not counted', /lost <= (lost \+ 1'b1);/, 'lost'),
  fault(
    'absorb',
    'a packet that goes on where it was cut',
    /assign goes_in = (valid && !\(DROP && dropping && !starts\));/,
    'valid',
  ),
  fault('absorb', 'a packet that is cut and called whole', /cut <= (1'b1);/, "1'b0"),
  fault('absorb', 'a detector that waits', /assign ready = !rst && \((DROP \|\| ok)\);/, 'ok'),
];

/** Of a project whose maps come with each frame: `make check`. */
export const MAPS_FAULTS: readonly HlsFault[] = [
  fault('receive', 'a beat that waits is taken in a reset', /assign ready = (!rst) &&/, "1'b1"),
  fault('receive_maps', 'any CRC will do', /flawed1 \|\| (sent1 != ~crc);/, "1'b0"),
  fault('receive_maps', 'a set without an end is whole', /flawed1 <= (!takes_crc \|\| !last);/, '!takes_crc'),
  fault('receive_maps', 'a set that ends a beat late', /assign cut = (filling \|\| last);/, 'filling'),
  fault('receive_maps', 'what a set lacks is taken of the next', /filling <= (cut && !at_final);/, "1'b0"),
  fault('receive_maps', 'a set that does not end begins the next', /\)\) tail <= (!last);/, "1'b0"),
  fault('maps_flaw', 'a flaw that is not told', /found <= (flaw_q);/, "1'b0"),
  fault('maps_flaw', 'a flaw that stays', /wrong <= (found);/, 'wrong || found'),
  fault('maps_flaw', 'a flaw of the frame before', /if \((decides)\) wrong/, 'decides && !flaw_q'),
  fault(
    'maps_flaw',
    'a verdict read for a packet without pixels',
    /assign flaw_pop = (pop && !empty);/,
    'pop',
  ),
  fault(
    'maps_flaw',
    'a verdict that is not waited for',
    /packet_valid && \((flaw_valid \|\| empty)\);/,
    "1'b1",
  ),
];

/** `make check-upsets`. */
export const UPSET_FAULTS: readonly HlsFault[] = [
  fault('scrub', 'a flipped bit that nobody hears of', /if \((whole && total != ~expected)\) wrong/, "1'b0"),
  fault(
    'scrub',
    'every other byte read twice',
    /byte4 <= word3\[(\{place3, 3'd0\})\+:8\];/,
    "{place3 & 2'd2, 3'd0}",
  ),
  fault(
    'scrub',
    'rounds that end a row early',
    /assign ends = copy == CA'\(COPIES - 1\) && (at == RA'\(ROWS - 1\)) &&/,
    "at == RA'(ROWS - 2)",
  ),
  fault('decide', 'an upset that may be vetoed', /malformed \|\| (upset4);/, "1'b0"),
  fault(
    'decide',
    'memories that are not asked',
    /if \(last2 && !decided\[74\]\) upsets <= (memories);/,
    "'0",
  ),
];

/** `make check-upsets` of a project whose line buffers correct flips. */
export const ECC_FAULTS: readonly HlsFault[] = [
  fault('protected', 'a flip that is not corrected', /\^ \((odd && syndrome == code\(i\))\);/, "1'b0"),
  fault(
    'protected',
    'a code that bits share',
    /code = (i < 63 \? 7'\(65 \+ i\) : 7'd63);/,
    "7'(65 + (i & 7))",
  ),
];

/** `make check-icarus`: the bus. */
export const BUS_FAULTS: readonly HlsFault[] = [
  fault('registers', 'strobes without effect', /if \((wstrb\[b\])\)/, "1'b1"),
  fault(
    'registers',
    'a write next door',
    /if \((awaddr\[A-1:2\] == SETTING_AT\[i\*A\+2\+:A-2\])\)/,
    'awaddr[A-1:3] == SETTING_AT[i*A+3+:A-3]',
  ),
  fault(
    'registers',
    'a fact of the neighbour',
    /found = (facts\[i\*32\+:32\]);/,
    'facts[(i+1)%FACTS*32+:32]',
  ),
  fault('registers', 'settings that cannot be read', /found = (settings\[i\*32\+:32\]);/, "'0"),
  fault(
    'registers',
    'a write without data',
    /assign write = (awvalid && wvalid && !bvalid);/,
    'awvalid && !bvalid',
  ),
];

/** Of the receiver alone, on random streams of beats. */
export const LINK_FAULTS: readonly HlsFault[] = [
  fault('status', 'a gap that nobody sees', /(trusted && counting && number != expected)/, "1'b0"),
  fault('status', 'a gap after every packet', /expected <= (number \+ 64'\(difference\))/, 'number'),
  fault(
    'status',
    'a number under a wrong CRC that counts',
    /assign trusted = (numbered && !causes\[4\]);/,
    'numbered',
  ),
  fault(
    'receive',
    'a packet that is given up late',
    /if \((idle >= idle_limit)\) begin/,
    'idle > idle_limit + 32',
  ),
  fault(
    'status',
    'half of a number',
    /number\[p\*PART\+:PART\] <= (data\[PART-1:0\]);/,
    "p == 0 ? data[PART-1:0] : '0",
  ),
  fault(
    'packet_crc',
    'a CRC that leaves out the last beat',
    /assign wrong = (sent != ~crc);/,
    'sent != ~next',
  ),
  fault(
    'receive',
    'an idle time that is a cycle longer',
    /if \((idle >= idle_limit)\) begin/,
    'idle > idle_limit',
  ),
  fault(
    'receive',
    'a beat that starts the next packet is taken',
    /taken = valid && \(begun \? (!interrupts) : hunting/,
    "1'b1",
  ),
  fault(
    'receive',
    'what a packet lacks is not filled up',
    /assign fill_pixel = (at_pixels && some);/,
    "1'b0",
  ),
  fault('receive', 'beats thrown away are forgotten', /dropped_now = (?:[^;]*)(dropped \+ 1'b1)/, 'dropped'),
  fault(
    'receive',
    'causes are those of the packet before',
    /causes <= (answers \? '0 : causes_now);/,
    'causes_now',
  ),
  fault(
    'receive',
    'a packet that does not end has no tail',
    /filling <= last && !at_final;\s+tail <= (!last);/,
    "1'b0",
  ),
];

/** Of the prescale alone, on random numbers and keys. */
export const PRESCALE_FAULTS: readonly HlsFault[] = [
  fault('prescale', 'half of the number', /3'd3: sum = (folded \+ number\[63:32\]);/, 'folded'),
  fault('prescale', 'rounds of the hash in the wrong order', /many : (step\[0\]) \? FIRST/, '!step[0]'),
  fault('prescale', 'no key', /a = pop \? (prescale_key \^ \(prescale_key >> 16\)) :/, "'0"),
  fault('prescale', 'shifts in the wrong order', /assign now = p3\[31:0\] \^ \((step\[0\]) \?/, '!step[0]'),
  fault('prescale', 'twice as many as one in N', /few <= p3\[63:32\] == ('0);/, "p3[63:32] & 32'd1"),
];
