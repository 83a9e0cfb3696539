/** What stands around SystemVerilog in parts: rules, the list of the parts, the page in front. */
import type { ModuleParts } from '../../passes/partition-modules.js';
import { packetBytes } from '../dataflow/module-packet.js';
import {
  DECISION_FOLDER,
  featuresText,
  fieldLines,
  frontFolder,
  FRAMES_ON_THE_WAY,
  GATHER_TOP,
  maskLines,
} from '../hls/modules-project.js';
import type { RtlDesign } from './design.js';

/** The front end's firmware function with a main program of the HLS firmware in front of it. */
const BENCH = '$(COMPILE) -Itb/hls -Itb/firmware -Itb/firmware/vetoc -isystem tb/sim -Wno-unknown-pragmas';
const BENCH_FILES = '$(wildcard tb/*.h tb/hls/*.h tb/firmware/*) $(OBJECTS)';

/** What a front end sends of its frames, for the bench of all parts. */
export const sendRule = ({ top }: RtlDesign): string => `
# What a module sends of its frames, for the bench of all parts.
build/send: tb/hls/send.cpp ${BENCH_FILES}
	${BENCH} -o $@ tb/hls/send.cpp tb/firmware/${top}.cpp $(OBJECTS) -pthread
`;

/** The rules of the module that gathers, behind those of the decision's own project. */
export const gatherRules = ({ top }: RtlDesign): string => `
# The module that gathers packets: random ones beside the C++ of the HLS firmware; then front ends and decision together, packets
# out of order, missing, late, repeated, damaged.
check: check-gather
check-gather: build/gather_streams
	build/gather_streams $(PACKETS)
PACKETS ?= 200
assembly: build/assembly
	@mkdir -p build/sent
	$(MAKE) -C .. --no-print-directory sent
	build/assembly golden build/sent
lint: lint-gather
lint-gather:
	$(VERILATOR) --lint-only -Wall --top-module ${GATHER_TOP} $(SOURCES)

GATHERED = build/gather/V${GATHER_TOP}__ALL.a
$(GATHERED): rtl/${GATHER_TOP}.sv $(wildcard rtl/vetoc/*.sv)
	@mkdir -p build/gather
	$(VERILATOR) --cc --build --output-split 0 -O3 --x-assign fast --x-initial fast --noassert -Wno-fatal \\
	  -CFLAGS "$(CXXFLAGS)" --top-module ${GATHER_TOP} --Mdir build/gather $^
build/gather_streams: tb/hls/gather_streams.cpp $(GATHERED) ${BENCH_FILES}
	${BENCH} -Ibuild/gather -o $@ tb/hls/gather_streams.cpp $(GATHERED) $(OBJECTS) -pthread
build/assembly: tb/hls/assembly.cpp $(GATHERED) ${BENCH_FILES}
	${BENCH} -Ibuild/gather -o $@ tb/hls/assembly.cpp tb/firmware/${GATHER_TOP}.cpp tb/firmware/${top}.cpp \\
	  $(GATHERED) $(OBJECTS) -pthread
.PHONY: assembly check-gather lint-gather
`;

/** `model.json` in front of the parts, each of which has its own. */
export const partsList = ({ fronts, frontOf }: ModuleParts): string =>
  `${JSON.stringify({ version: 1, fronts: fronts.map((_, k) => frontFolder(k, fronts.length)), frontOf, decision: DECISION_FOLDER }, null, 1)}\n`;

/** The page in front of the parts. */
export function rtlPartsReadme(parts: ModuleParts, front: RtlDesign, decision: RtlDesign): string {
  const { modules, words, fronts } = parts;
  const bytes = packetBytes(words);
  const after = ({ schedule, clockMHz }: RtlDesign): string =>
    `${schedule.latencyLastPixel} cycles, ${(schedule.latencyLastPixel / clockMHz).toFixed(2)} µs`;
  const folders = fronts.map((_, k) => frontFolder(k, fronts.length));
  return [
    `# ${front.graph.name.replace(/ front end$/, '')}, in parts: SystemVerilog`,
    '',
    `A front end beside each of ${modules} modules, and one decision. A module sends ${words} features a frame, ${bytes} bytes; the`,
    `decision gets ${modules * bytes} bytes a frame.`,
    '',
    '| part | folder | top module | after its last pixel or word |',
    '|---|---|---|---|',
    `| front end | ${folders.map((f) => `\`${f}/\``).join(', ')} | \`${front.top}\` | ${after(front)}, then ${bytes / 2} words on the link |`,
    `| gathering | \`${DECISION_FOLDER}/\` | \`${GATHER_TOP}\` | at most ${words + 17} cycles a packet, ${modules * words + 8} a frame |`,
    `| decision | \`${DECISION_FOLDER}/\` | \`${decision.top}\` | ${after(decision)} |`,
    '',
    ...maskLines(parts),
    '## What a module sends',
    '',
    'A packet of 16-bit words on `features_*`, AXI4-Stream: TUSER bit 1 with the first, TLAST with the last; byte for byte that of the HLS',
    'firmware. The port `module_number` says which module it is. `decisions_*` answers each frame with a word that says what became',
    'of it (always kept).',
    '',
    ...fieldLines(parts),
    '',
    featuresText(parts),
    '',
    '## What the decision does',
    '',
    `\`${GATHER_TOP}\` takes packets of all modules on \`modules_*\` in any order, ${FRAMES_ON_THE_WAY} frames on their way at once, and hands frames on in`,
    'the order of their numbers: its `frames_*` go to those of the decision. A frame that is not whole when room is needed, or when',
    'nothing has come for `patience` cycles, goes on marked by the sender: the decision keeps it and flags it (malformed, cause error).',
    'So does one of which a module came twice or said that something was wrong. Packets with a wrong CRC, of a wrong length or of no',
    'module are thrown away: their module is then missing. What comes behind its frame is late. Each is counted in a port of its own.',
    '',
    '```sh',
    'make check       # each part on its golden frames; random packets into the module that gathers',
    'make assembly    # all of them: in order, in reverse, interleaved, missing, late, repeated, damaged (Verilator)',
    'make lint prove  # each part',
    '```',
    '',
  ].join('\n');
}
