/** The test benches of a project, and what they must know of the design. */
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { LICENCE } from '../hls/cpp.js';
import { headerBeats, trailerBeats } from '../dataflow/link.js';
import { registersOf } from '../dataflow/interface.js';
import type { Plan } from '../dataflow/plan.js';
import { designHeader, type ProjectFiles } from '../hls/emit.js';
import { mapsBeatOf } from '../hls/maps-beat.js';
import { registerArgument } from '../hls/registers.js';
import { hlsTemplates } from '../hls/templates.js';
import { featuresOf, topHeader } from '../hls/top.js';
import type { RtlDesign } from './design.js';
import { correctedMemories } from './ecc.js';
import { packetWords } from './stages/features.js';
import { rtlTemplates } from './templates.js';
import { upsetId } from './memory.js';
import { probesOf } from './top.js';

const include = (file: string): string => `#include "${file}"`;

/** `tb/design.h`: sizes, and where each stage stands in the probes. */
function benchHeader({ graph, plan, top }: RtlDesign): string {
  const { size } = inputNode(graph);
  const { probes } = probesOf(plan);
  const nodes = probes.map((p) => p.node);
  const stages = probes.map(({ node, stream, low }, i) => {
    const before = probes.findIndex((p, j) => j < i && p.stream.name === stream.name);
    const [height, width, channels] = stream.shape;
    const { format, lanes } = stream;
    return `    {"${node}", ${height}, ${width}, ${channels}, ${lanes}, ${format.width}, ${String(format.signed)}, ${low}, ${before}},`;
  });
  return [
    LICENCE,
    '#ifndef RTL_DESIGN_H',
    '#define RTL_DESIGN_H',
    '',
    include('sent_words.h'),
    include('ports.h'),
    include('probed_stage.h'),
    '',
    include(`V${top}_dataflow.h`),
    '',
    'namespace rtl {',
    'namespace design {',
    '',
    `typedef V${top}_dataflow module;`,
    `static constexpr int HEIGHT = ${size[0]};`,
    `static constexpr int WIDTH = ${size[1]};`,
    `static constexpr int PIXELS_PER_CLOCK = ${plan.pixelsPerClock};`,
    `static constexpr bool SSI = ${plan.link.framing === 'ssi'};`,
    `static constexpr bool DROPS = ${plan.link.overflow === 'drop'};`,
    `static constexpr int HEADER_BEATS = ${headerBeats(plan.link, plan.pixelsPerClock)};`,
    `static constexpr int TRAILER_BEATS = ${trailerBeats(plan.link, plan.pixelsPerClock)};`,
    `static constexpr int STAGES = ${stages.length};`,
    `static constexpr int OUTPUT_STAGE = ${nodes.indexOf(graph.output)};`,
    `static constexpr int INPUT_STAGE = ${nodes.indexOf(inputNode(graph).id)};`,
    '',
    '// name, height, width, channels, lanes of a word, bits, signed, place in the probes, stage of the same stream',
    'static const probed_stage stages[STAGES] = {',
    ...stages,
    '};',
    '',
    ...mapsLines(plan),
    '',
    ...featureLines(graph),
    '',
    plan.link.framing === 'ssi'
      ? 'inline void set_user(module &m, unsigned user) { m.s_tuser = user; }'
      : 'inline void set_user(module & /*m*/, unsigned /*user*/) {}',
    ...(graph.reloadable
      ? [
          'inline bool offer_weight(module &m, bool valid, unsigned data, unsigned keep, bool last) {',
          '  m.w_tvalid = valid;',
          '  m.w_tdata = data;',
          '  m.w_tkeep = keep;',
          '  m.w_tlast = last;',
          '  m.eval();',
          '  return valid && m.w_tready;',
          '}',
        ]
      : ['inline bool offer_weight(module & /*m*/, bool, unsigned, unsigned, bool) { return true; }']),
    '',
    '}  // namespace design',
    '}  // namespace rtl',
    '',
    '#endif',
    '',
  ].join('\n');
}

/** The second stream in `tb/design.h`: how maps lie in a beat, and how one is offered. */
function mapsLines(plan: Plan): string[] {
  const beat = mapsBeatOf(plan);
  if (beat === null)
    return [
      'static constexpr int MAPS = 0;  // none come',
      'static constexpr int MAPS_BITS = 0;',
      'static const int maps[1][3] = {{0, 0, 0}};',
      'inline void offer_maps(module & /*m*/, bool, const std::uint32_t *, bool) {}',
      'inline bool takes_maps(module & /*m*/) { return false; }',
    ];
  const rows = beat.maps.map(({ stream, first }) => `{${stream.shape[2]}, ${stream.format.width}, ${first}}`);
  return [
    `static constexpr int MAPS = ${rows.length};`,
    `static constexpr int MAPS_BITS = ${beat.bits};`,
    '// values a pixel, bits of each, the first bit in a beat',
    `static const int maps[MAPS][3] = {${rows.join(', ')}};`,
    'inline void offer_maps(module &m, bool valid, const std::uint32_t *data, bool last) {',
    '  m.maps_tvalid = valid;',
    '  m.maps_tlast = last;',
    '  if (valid) put(m.maps_tdata, data);',
    '}',
    'inline bool takes_maps(module &m) { return m.maps_tready; }',
  ];
}

/** What a front end sends, in `tb/design.h`. */
function featureLines(graph: FixedGraph): string[] {
  const words = `static constexpr std::size_t PACKET_WORDS = ${packetWords(graph)};`;
  if (graph.ends !== 'features')
    return [
      `${words}  // nothing is sent`,
      'inline void set_module(module & /*m*/, unsigned) {}',
      'inline void take_features(module & /*m*/, bool) {}',
      'inline bool sends(module & /*m*/, sent_word &) { return false; }',
    ];
  return [
    words,
    'inline void set_module(module &m, unsigned number) { m.module_number = number; }',
    'inline void take_features(module &m, bool takes) { m.f_tready = takes; }',
    'inline bool sends(module &m, sent_word &word) {',
    '  word = {m.f_tdata, m.f_tuser, m.f_tlast != 0};',
    '  return m.f_tvalid;',
    '}',
  ];
}

/** The top function of the HLS firmware, with the module behind it. */
function firmwareFunction({ graph, plan, network, top }: RtlDesign): string {
  const memories = [...network.hardware.values()].flatMap((h) =>
    (h.memories ?? []).filter((m) => m.cycles > 0),
  );
  const corrects = [...network.hardware.values()].flatMap(correctedMemories);
  const features = featuresOf(graph, plan);
  const { maps } = features;
  const registers = registersOf(features);
  const parameters = [
    'hls::stream<pixel_beat> &frames',
    ...(maps ? ['hls::stream<maps_beat> & /*maps*/'] : []),
    ...(features.features ? ['hls::stream<vetoc::feature_beat> &features', 'ap_uint<16> module'] : []),
    ...(graph.reloadable ? ['hls::stream<vetoc::weight_beat> &weights'] : []),
    'hls::stream<vetoc::decision_beat> &decisions',
    ...registers.map(registerArgument),
  ];
  return [
    LICENCE,
    include(`${top}.h`),
    '',
    include('../firmware.h'),
    ...(maps ? [include('../hls/maps.h')] : []),
    '',
    '#ifdef VETOC_UPSETS',
    'static bool with_memories() {',
    ...memories.map(
      (m) => `  rtl::firmware::watch("${m.name}", ${upsetId(m.name)}, ${m.depth}, ${m.width}, ${m.copies});`,
    ),
    ...corrects.map((m) => `  rtl::firmware::corrects("${m.name}", ${m.id}, ${m.words}, ${m.bits});`),
    '  return true;',
    '}',
    'static const bool watching = with_memories();',
    '#endif',
    '',
    `void ${top}(${parameters.join(`,\n${' '.repeat(`void ${top}(`.length)}`)}) {`,
    '  rtl::firmware &firmware = rtl::firmware::instance();',
    '  rtl::design::module &m = firmware.module();',
    ...registers
      .filter((r) => r.access === 'rw')
      .map(
        ({ name, type }) =>
          `  m.${name} = static_cast<std::uint32_t>(${name}.${type === 'i32' ? 'to_int' : 'to_uint'}());`,
      ),
    ...(maps ? ['  firmware.read_maps(&vetoc::maps_stream);'] : []),
    ...(graph.reloadable ? ['  firmware.load(weights);'] : []),
    ...(features.features ? ['  firmware.be_module(module.to_uint());'] : []),
    '  firmware.call(frames, decisions);',
    ...(features.features ? ['  firmware.take_features(features);'] : []),
    ...registers.filter((r) => r.access === 'r').map((r) => `  ${r.name} = m.${r.name};`),
    '}',
    '',
  ].join('\n');
}

/** The headers of the HLS firmware that those in `first` need, by name. */
function headersOf(first: readonly string[], all: Readonly<Record<string, string>>): string[] {
  const needed = new Set<string>();
  const visit = (name: string): void => {
    const text = all[`vetoc/${name}`];
    if (text === undefined || needed.has(name)) return;
    needed.add(name);
    for (const [, other] of text.matchAll(/^#include "([a-z0-9_]+\.h)"/gm)) visit(other!);
  };
  first.forEach(visit);
  return [...needed];
}

/** `tb/`: the benches of the RTL, and that of the HLS firmware, whose top function stands in front of the RTL here. */
export function benchFiles(design: RtlDesign): ProjectFiles {
  const { graph, plan, top } = design;
  const files: Record<string, string> = {
    'tb/design.h': benchHeader(design),
    // That the FIFO in front overflows is a case of its own: C simulation has no cycles, and fills it otherwise.
    'tb/hls/design.h': designHeader(graph, { ...plan, link: { ...plan.link, overflow: 'wait' } }, top),
    [`tb/firmware/${top}.h`]: topHeader(graph, plan, top),
    [`tb/firmware/${top}.cpp`]: firmwareFunction(design),
  };
  for (const [path, text] of Object.entries(rtlTemplates()))
    if (path.startsWith('tb/') && (design.ecc || path !== 'tb/corrections.cpp')) files[path] = text;
  const templates = hlsTemplates();
  for (const name of headersOf(
    [graph.ends === 'features' ? 'send_features.h' : 'decide.h', 'receive.h'],
    templates,
  ))
    files[`tb/firmware/vetoc/${name}`] = templates[`vetoc/${name}`]!;
  for (const [path, text] of Object.entries(templates))
    if (path.startsWith('sim/')) files[`tb/${path}`] = text;
    else if (path.startsWith('tb/') && path !== 'tb/serve.cpp') files[`tb/hls/${path.slice(3)}`] = text;
  return files;
}
