/** A second network in shadow, in words, for the README of a project. */
import type { Plan } from '../dataflow/plan.js';

export const canaryText = ({ canary }: Plan): string =>
  canary
    ? `
**Canary.** Two whole networks, each with two banks of weights, see every frame; one decides, the other is in shadow. Both begin with the
built-in weights.

1. An image of weights goes to the network in shadow. What decides is not touched by it.
2. \`canary_count\` and \`canary_disagreements\` count the good frames since then that both decided and that they decided differently; each
   decision word carries the other's score and what it would have done.
3. \`second_decides\` in \`mode\` lets them change places with the next decision: on command. Or set \`canary_frames\`, \`canary_bound\` and
   \`take_over\`: the shadow takes over by itself as soon as so many frames were seen with at most so many disagreements. Then write
   \`second_decides\` for the one that decides now and \`take_over\` 0, in one write: nothing changes by that, and images are taken again.
4. Back in one frame: write \`second_decides\` as it was (or \`take_over\` 0). The network that decided before still has its weights.

While \`take_over\` is set, images are refused (\`busy\`), and so is one under which the networks changed places: weights that nobody
watched never decide. After an upset in either network every frame is kept.
`
    : '';
