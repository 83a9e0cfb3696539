import { describe, expect, it } from 'vitest';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork, NETWORKS } from '../../src/frontends/network/registry.js';
import { floatShapes, type FloatGraph } from '../../src/ir/graph.js';
import { unreadEdges } from '../../src/ir/unread.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { warningText } from '../../src/text/index.js';

const classes = { classNames: ['miss', 'hit'], hitClasses: [false, true] };
const network = (layers: readonly LayerInput[], size: readonly [number, number]): FloatGraph =>
  createNetwork({
    network: [...layers, { op: 'globalPool', mode: 'avg' }, { op: 'dense', units: 'classes' } as const].map(
      (layer) => layerSchema.parse(layer),
    ),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), size),
    classes,
    seed: 1,
  });

describe('causal padding', () => {
  it.each([1, 3, 5, 7].flatMap((kernel) => [1, 2, 3].map((stride) => [kernel, stride] as const)))(
    'yields the image that "same" does, whose last window ends with the last pixel: kernel %i, stride %i',
    (kernel, stride) => {
      for (const size of [
        [16, 17],
        [21, 15],
        [32, 32],
      ] as const) {
        const conv = (padding: 'same' | 'causal'): LayerInput => ({
          op: 'conv',
          filters: 2,
          kernel,
          stride,
          padding,
        });
        const shape = (graph: FloatGraph) =>
          floatShapes(graph).get(graph.nodes.find((n) => n.kind === 'conv2d')!.id)!;
        const causal = network([conv('causal')], size);
        expect(shape(causal)).toEqual(shape(network([conv('same')], size)));
        const node = causal.nodes.find((n) => n.kind === 'conv2d')!;
        expect(node.padding.slice(2)).toEqual([0, 0]);
        for (const axis of [0, 1] as const) {
          const end = (shape(causal)[axis] - 1) * stride + kernel - node.padding[axis];
          // With windows further apart than they are long some pixels are read by none of them.
          if (kernel >= stride || node.padding[axis] > 0) expect(end).toBe(size[axis]);
        }
      }
    },
  );

  it('is that of the veto networks and of the recipe, which leave nothing unread', async () => {
    const recipe = await loadRecipe('veto');
    const names = Object.keys(NETWORKS).filter((name) => name.startsWith('veto'));
    expect(names).toHaveLength(4);
    for (const layers of [recipe.training.network, ...names]) {
      const preprocess = preprocessNodes(recipe.preprocess, [512, 512]);
      const graph = createNetwork({ network: layers, preprocess, classes, seed: 1 });
      const convs = graph.nodes.filter((n) => n.kind === 'conv2d');
      expect(convs.length).toBeGreaterThanOrEqual(3);
      for (const { padding } of convs) expect(padding.slice(2)).toEqual([0, 0]);
    }
    const graph = createNetwork({
      network: recipe.training.network,
      preprocess: preprocessNodes(recipe.preprocess, [512, 512]),
      classes,
      seed: 1,
    });
    expect(unreadEdges(graph)).toEqual([]);
  });
});

describe('what no window reads', () => {
  it('is named: rows and columns, of which layer and tensor', () => {
    const graph = network([{ op: 'conv', filters: 2, kernel: 3, stride: 2, padding: 0 }], [18, 21]);
    const edges = unreadEdges(graph);
    expect(edges).toEqual([{ node: 'conv1', input: 'table', rows: 1, columns: 0 }]);
    expect(warningText({ about: 'unread edge', edge: edges[0]! })).toMatch(
      /^warning: conv1 reads nothing of the last row of table: what is there does not change a decision/,
    );
    const both = network([{ op: 'maxPool', size: 4 }], [18, 21]);
    expect(unreadEdges(both)).toEqual([{ node: 'pool1', input: 'table', rows: 2, columns: 1 }]);
    expect(warningText({ about: 'unread edge', edge: unreadEdges(both)[0]! })).toContain(
      'the last 2 rows and the last column of table',
    );
  });

  it('is nothing where windows overlap the edge, or end with it', () => {
    expect(unreadEdges(network([{ op: 'conv', filters: 2, kernel: 3, stride: 2 }], [16, 16]))).toEqual([]);
    expect(unreadEdges(network([{ op: 'maxPool', size: 2 }], [16, 16]))).toEqual([]);
  });
});
