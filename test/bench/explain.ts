/**
 * How many 512×512 frames a second Grad-CAM explains with the wasm back end, and what ResNet-101 takes.
 *
 *     npx tsx test/bench/explain.ts [network …]        (default: veto-small veto-base; resnet101 takes a minute)
 *
 * Untrained networks on noise: the time does not depend on the weights. Figures are of the machine they ran on.
 */
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createExplainer, gradCam } from '../../src/explain/grad-cam.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { createNetwork } from '../../src/frontends/network/registry.js';

const SIDE = 512;
const BINNED = /^veto-/;

function bench(network: string): void {
  const factor = BINNED.test(network) ? 4 : 1;
  const graph = createNetwork({
    network,
    preprocess: preprocessNodes(preprocessSchema.parse({ factor }), [SIDE, SIDE]),
    classes: {
      classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
      hitClasses: [false, false, true, true, true],
    },
    seed: 1,
  });
  const random = createRandom(1);
  const frames = Array.from({ length: 4 }, () =>
    Uint16Array.from({ length: SIDE * SIDE }, () => random.integer(0, 40)),
  );
  const explainer = createExplainer(graph);
  const explain = (i: number): void => {
    gradCam(explainer, frames[i % frames.length]!, { kind: 'hit' });
  };
  const began = performance.now();
  explain(0);
  const first = (performance.now() - began) / 1000;
  const count = first > 2 ? 1 : 30;
  const started = performance.now();
  for (let i = 1; i <= count; i++) explain(i);
  const each = (performance.now() - started) / 1000 / count;
  explainer.dispose();
  process.stdout.write(
    `${network}: ${(1 / each).toFixed(2)} frames/s (${each.toFixed(3)} s each, first ${first.toFixed(2)} s), ` +
      `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident\n`,
  );
}

const backend = await openBackend('wasm');
process.stdout.write(`${backend.description}\n`);
const asked = process.argv.slice(2);
for (const network of asked.length > 0 ? asked : ['veto-small', 'veto-base']) bench(network);
