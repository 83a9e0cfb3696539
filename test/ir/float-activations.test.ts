/** What each activation of the float graph is: values, slopes, sign. */
import { describe, expect, it } from 'vitest';
import { nodeId } from '../../src/ir/common.js';
import { TABLED_NAMES, usualFunction, type TabledFunction } from '../../src/ir/ops/activations/index.js';
import {
  applyActivation,
  floatShape,
  isActivation,
  isFused,
  isNonNegative,
  isTabled,
  withChannels,
  type ActivationNode,
} from '../../src/ir/ops/index.js';
import { slopeOf, valueOf } from '../../src/ir/ops/table.js';

const base = { id: nodeId('x'), inputs: [nodeId('from')] };
const hardSigmoid = { kind: 'hardSigmoid', alpha: 0.25, beta: 0.625 } as const;
const elu = { kind: 'elu', alpha: 2 } as const;
const exact = { kind: 'gelu', approximate: false } as const;
const byTanh = { kind: 'gelu', approximate: true } as const;

/** To the last digits of a double; published or worked out with another implementation of erf, tanh and exp. */
const VALUES: readonly (readonly [TabledFunction, x: number, value: number])[] = [
  [{ kind: 'sigmoid' }, -9, 0.00012339457598623172],
  [{ kind: 'sigmoid' }, 0, 0.5],
  [{ kind: 'sigmoid' }, 2, 0.8807970779778823],
  [{ kind: 'silu' }, -1, -0.2689414213699951],
  [{ kind: 'silu' }, 0, 0],
  [{ kind: 'silu' }, 2, 1.7615941559557646],
  [{ kind: 'tanh' }, -0.5, -0.46211715726000974],
  [{ kind: 'tanh' }, 0, 0],
  [{ kind: 'tanh' }, 3, 0.9950547536867305],
  [exact, -9, -1.015729565358458e-18],
  [exact, -6, -5.919525870226207e-9],
  [exact, -1, -0.15865525393145707],
  [exact, 0, 0],
  [exact, 0.5, 0.34573123063700656],
  [exact, 2, 1.9544997361036416],
  [exact, 6, 5.999999994080474],
  [exact, 40, 40],
  [exact, -40, 0],
  [byTanh, -3, -0.0036373920817729943],
  [byTanh, -1, -0.15880800939172324],
  [byTanh, 0, 0],
  [byTanh, 0.5, 0.34571400982514394],
  [byTanh, 2, 1.954597694087775],
  [elu, -3, -1.900425863264272],
  [elu, -0.5, -0.7869386805747332],
  [elu, 0, 0],
  [elu, 0.5, 0.5],
  [{ kind: 'hardSwish' }, -4, 0],
  [{ kind: 'hardSwish' }, -3, 0],
  [{ kind: 'hardSwish' }, -1.5, -0.375],
  [{ kind: 'hardSwish' }, 0, 0],
  [{ kind: 'hardSwish' }, 1.5, 1.125],
  [{ kind: 'hardSwish' }, 3, 3],
  [{ kind: 'hardSwish' }, 4, 4],
  [hardSigmoid, -3, 0],
  [hardSigmoid, -2, 0.125],
  [hardSigmoid, 0, 0.625],
  [hardSigmoid, 1, 0.875],
  [hardSigmoid, 2, 1],
];

describe('an activation that becomes a table', () => {
  it.each(VALUES)('%j is at %d %d', (of, x, value) => {
    expect(Math.abs(valueOf(of, x) - value)).toBeLessThanOrEqual(4e-16);
    expect(applyActivation({ ...base, ...of }, x, 3)).toBe(valueOf(of, x));
  });

  it.each([...TABLED_NAMES.map(usualFunction), hardSigmoid, elu, byTanh])(
    '%j has the slope of its values',
    (of) => {
      for (let x = -9.97; x < 10; x += 0.21) {
        const step = 1e-5;
        const slope = (valueOf(of, x + step) - valueOf(of, x - step)) / (2 * step);
        expect(Math.abs(slopeOf(of, x) - slope), `at ${x}`).toBeLessThan(1e-9);
      }
    },
  );

  it('is what a recipe means by its name', () => {
    expect(TABLED_NAMES).toEqual(['hardSwish', 'silu', 'sigmoid', 'hardSigmoid', 'tanh', 'gelu', 'elu']);
    expect(TABLED_NAMES.map(usualFunction)).toEqual([
      { kind: 'hardSwish' },
      { kind: 'silu' },
      { kind: 'sigmoid' },
      { kind: 'hardSigmoid', alpha: 1 / 6, beta: 1 / 2 },
      { kind: 'tanh' },
      { kind: 'gelu', approximate: false },
      { kind: 'elu', alpha: 1 },
    ]);
  });
});

describe('an activation that is fused', () => {
  const prelu: ActivationNode = { ...base, kind: 'prelu', alpha: Float32Array.of(0.5, -2, 3) };

  it.each<[ActivationNode, readonly number[]]>([
    [{ ...base, kind: 'relu' }, [0, 0, 0, 0.5, 4]],
    [{ ...base, kind: 'clip', min: -1, max: 2 }, [-1, -0.5, 0, 0.5, 2]],
    [{ ...base, kind: 'leakyRelu', alpha: 0.25 }, [-1, -0.125, 0, 0.5, 4]],
    [prelu, [8, 1, 0, 0.5, 4]],
  ])('%j is at -4, -0.5, 0, 0.5 and 4 %j', (node, expected) => {
    expect([-4, -0.5, 0, 0.5, 4].map((x) => applyActivation(node, x, 1) + 0)).toEqual(expected);
  });

  it('has slopes for as many channels as there are', () => {
    expect(floatShape(prelu, [[2, 2, 3]])).toEqual([2, 2, 3]);
    expect(() => floatShape(prelu, [[2, 2, 4]])).toThrow('x: 3 slopes for 4 channels');
    expect(() => floatShape(prelu, [])).toThrow('x takes one input, not 0');
  });

  it('is no table, and a table is not fused', () => {
    for (const node of [prelu, { ...base, kind: 'relu' } as const])
      expect([isActivation(node), isFused(node), isTabled(node)]).toEqual([true, true, false]);
    for (const name of TABLED_NAMES) {
      const node: ActivationNode = { ...base, ...usualFunction(name) };
      expect([isActivation(node), isFused(node), isTabled(node)]).toEqual([true, false, true]);
    }
    const flat = { ...base, kind: 'flatten' } as const;
    expect([isActivation(flat), isFused(flat), isTabled(flat)]).toEqual([false, false, false]);
  });

  it('keeps its slopes with their channels, and is the same where it has none', () => {
    expect(withChannels(prelu, (c) => c !== 1)).toEqual({ ...prelu, alpha: Float32Array.of(0.5, 3) });
    const relu: ActivationNode = { ...base, kind: 'relu' };
    expect(withChannels(relu, () => false)).toBe(relu);
  });
});

it.each<[ActivationNode, boolean]>([
  [{ ...base, kind: 'relu' }, true],
  [{ ...base, kind: 'clip', min: 0, max: 1 }, true],
  [{ ...base, kind: 'clip', min: -1, max: 0 }, false],
  [{ ...base, kind: 'leakyRelu', alpha: 0.1 }, false],
  [{ ...base, kind: 'prelu', alpha: Float32Array.of(0, -1) }, true],
  [{ ...base, kind: 'prelu', alpha: Float32Array.of(-1, 0.5) }, false],
  [{ ...base, kind: 'sigmoid' }, true],
  [{ ...base, ...hardSigmoid }, true],
  [{ ...base, kind: 'hardSwish' }, false],
  [{ ...base, kind: 'silu' }, false],
  [{ ...base, kind: 'tanh' }, false],
  [{ ...base, ...exact }, false],
  [{ ...base, ...elu }, false],
  [{ ...base, kind: 'elu', alpha: 0.5 }, false],
  [{ ...base, kind: 'elu', alpha: 0 }, true],
  [{ ...base, kind: 'elu', alpha: -1 }, true],
])('%j is never negative: %s', (node, expected) => {
  expect(isNonNegative(node)).toBe(expected);
  const lowest = Math.min(...[-9, -4, -1, -0.2, 0, 3].map((x) => applyActivation(node, x, 1)));
  if (expected) expect(lowest).toBeGreaterThanOrEqual(0);
});
