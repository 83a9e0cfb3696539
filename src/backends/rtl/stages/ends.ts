/** The two ends of the pipeline as hardware: frames are received, decisions are made. */
import { R0, W0 } from '../../dataflow/events.js';
import { eventRecorder, READ, WRITE } from '../../dataflow/dataflow.js';
import { wordsPerFrame } from '../../dataflow/plan.js';
import { DEPTH } from '../depths.js';
import { streamBits } from '../flow.js';
import { asks, CLOCK, gives, input, makes, output, reads, type Builder } from './common.js';

/** The link on which `receive` tells `decide` whether a frame was malformed. */
export const STATUS = 'status';
/** The link of the beats, and that of the decisions. */
export const FRAMES = 'frames';
export const DECISIONS = 'decisions';

export const receive: Builder<'receive'> = (stage, context) => {
  const to = output(stage);
  const beats = wordsPerFrame(to);
  const r = eventRecorder();
  for (let i = 0; i < beats; i++) r.tick(R0 | W0 | (i === beats - 1 ? WRITE(1) : 0));
  return {
    instances: [
      {
        module: 'vetoc_receive',
        name: `${stage.name}_receive`,
        parameters: { W: streamBits(to), BEATS: beats },
        ports: {
          ...CLOCK,
          s_tvalid: 's_tvalid',
          s_tready: 's_tready',
          s_tdata: 's_tdata',
          s_tkeep: 's_tkeep',
          s_tlast: 's_tlast',
          ...asks(to.name, context),
          ...makes(to.name),
          status_ok: 'status_ok',
          status_take: 'status_take',
          status_we: 'status_we',
          status_d: 'status_d',
        },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [FRAMES],
        outputs: [
          { stream: to.name, depth: DEPTH.receive },
          { stream: STATUS, depth: DEPTH.receive },
        ],
        events: r.finish(),
      },
    ],
  };
};

export const decide: Builder<'decide'> = (stage, { graph }) => {
  const logits = input(stage);
  const words = wordsPerFrame(logits);
  const r = eventRecorder();
  for (let i = 0; i < words; i++) r.tick(R0 | (i === words - 1 ? READ(1) | W0 : 0));
  const hits = graph.hitClasses.map(Number).reverse().join('');
  return {
    instances: [
      {
        module: 'vetoc_decide',
        name: `${stage.name}_score`,
        parameters: {
          LW: logits.format.width,
          LSIGNED: Number(logits.format.signed),
          LANES: logits.lanes,
          WORDS: words,
          HIT: `${graph.hitClasses.length}'b${hits}`,
          TRAINED: graph.threshold,
        },
        ports: {
          ...CLOCK,
          ...reads(logits.name),
          ...reads(STATUS, 'status_'),
          mode: 'mode',
          threshold: 'threshold',
          frame_count: 'frame_count',
          kept_count: 'kept_count',
          vetoed_count: 'vetoed_count',
          malformed_count: 'malformed_count',
          ok: 'decisions_ok',
          take: 'decisions_take',
          ...gives(DECISIONS),
        },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [logits.name, STATUS],
        outputs: [{ stream: DECISIONS, depth: DEPTH.decide }],
        events: r.finish(),
      },
    ],
  };
};
