/** The two ends of the firmware: from beats to pixels, and from logits to the decision. */
import { minMantissa } from '../../../fixed/format.js';
import { headerBeats, trailerBeats, type Link } from '../../dataflow/link.js';
import { fieldWords } from '../../dataflow/module-packet.js';
import { wordsPerFrame } from '../../dataflow/plan.js';
import { scrubFrames, watchedStages } from '../memories.js';
import { constant, table1, type Member } from '../cpp.js';
import { code, input, output, reloadStreams, valueType, type Renderer } from './common.js';

const flag = (name: string, value: boolean, comment: string): Member => ({
  declaration: `static constexpr bool ${name} = ${value};`,
  comment,
});

const framing = ({ framing }: Link): Member =>
  flag(
    'SSI',
    framing === 'ssi',
    'TUSER marks the first beat of a packet; else the beat behind a TLAST is one',
  );

export const absorb: Renderer<'absorb'> = (stage, { plan }) =>
  code(stage, {
    header: 'absorb',
    text: `a FIFO of ${stage.link.fifoBeats} beats`,
    members: [
      constant('PIXELS', plan.pixelsPerClock, '16-bit pixels in a beat'),
      framing(stage.link),
      flag(
        'DROP',
        stage.link.overflow === 'drop',
        'never hold up the detector: frames without room are kept unseen',
      ),
    ],
  });

export const receive: Renderer<'receive'> = (stage) => {
  const { link } = stage;
  const pixels = output(stage);
  return code(stage, {
    header: 'receive',
    text: `raw frames over AXI4-Stream, 16 bits a pixel`,
    members: [
      constant('PIXELS', pixels.lanes, '16-bit pixels in a beat'),
      constant('HEADER', headerBeats(link, pixels.lanes), "beats of the detector's frame number"),
      constant('BEATS', wordsPerFrame(pixels), 'beats of pixels'),
      constant('TRAILER', trailerBeats(link, pixels.lanes), 'beats of CRC-32'),
      framing(link),
      {
        declaration: `static constexpr unsigned IDLE_CYCLES = ${link.idleCycles}U;`,
        comment: 'without a beat: a frame is given up',
      },
      {
        declaration: `static constexpr unsigned NUMBER_STEP = ${link.numberStep}U;`,
        comment: 'from one frame number to the next',
      },
    ],
  });
};

export const decide: Renderer<'decide'> = (stage, { graph, plan }) => {
  const logits = input(stage);
  const name = `${stage.name}_hit`;
  const hits = graph.hitClasses.map(Number);
  const reloaded = graph.reloadable ? reloadStreams(plan, stage) : [];
  const shadow = plan.canary ? reloadStreams(plan, stage, true) : [];
  const features = graph.ends === 'features';
  return code(stage, {
    header: features ? 'send_features' : 'decide',
    ...(graph.reloadable ? { function: plan.canary ? 'decide_canary' : 'decide_reloadable' } : {}),
    text: features ? 'features, for the decision elsewhere' : 'score and decision',
    members: [
      valueType('logit_t', logits.format),
      constant('CLASSES', graph.classNames.length),
      constant('LANES', logits.lanes),
      constant('LOWEST', minMantissa(logits.format), 'no logit is less'),
      constant('THRESHOLD', graph.threshold, 'in least significant bits of the logits'),
      constant('MEMORIES', watchedStages(plan).length, 'that are watched'),
      constant('SCRUB_FRAMES', scrubFrames(plan), 'within which a flipped bit is flagged'),
      flag('CANARY', plan.canary, 'a second network is in shadow'),
      flag('NUMBERED', plan.link.header, "frames bring the detector's number"),
      ...(features ? [constant('NUMBER_WORDS', fieldWords('number', 0), 'of a packet')] : []),
    ],
    tables: features
      ? []
      : [
          `// Which classes are hits.\n${table1('bool', name, hits, { format: (v) => (v === 1 ? 'true' : 'false') })}`,
        ],
    arguments: features ? ['features', 'module'] : [...reloaded, ...shadow, name],
  });
};
