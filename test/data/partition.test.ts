import { describe, expect, it } from 'vitest';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { partitionFrames } from '../../src/data/partition.js';
import type { FrameLabel } from '../../src/data/frames.js';

const source = (labels: readonly Partial<FrameLabel>[]) =>
  framesFromArrays({
    height: 1,
    width: 1,
    frames: labels.map(() => new Uint16Array(1)),
    labels,
    classNames: ['miss', 'hit'],
  });
const options = { seed: 3, validation: 0.2, calibration: 0.1, test: 0.25 };

describe('partitioning', () => {
  const grouped = source(
    Array.from({ length: 120 }, (_, i) => ({
      label: i % 2,
      hit: i % 2 === 1,
      group: `g${Math.floor(i / 6)}-${i % 2}`,
    })),
  );

  it('never lets a group stand on two sides', () => {
    const parts = partitionFrames(grouped, options);
    const seen = new Map<string, string>();
    for (const [name, frames] of Object.entries(parts))
      for (const i of frames) {
        const group = grouped.label(i).group!;
        expect(seen.get(group) ?? name).toBe(name);
        seen.set(group, name);
      }
    expect(
      Object.values(parts)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 120 }, (_, i) => i));
    for (const frames of Object.values(parts)) expect(frames.length).toBeGreaterThan(0);
  });

  it('keeps declared splits and carves validation and calibration from train alone', () => {
    const declared = source(
      Array.from({ length: 50 }, (_, i) => ({
        label: i % 2,
        hit: i % 2 === 1,
        split: i < 40 ? 'train' : 'test',
      })),
    );
    const parts = partitionFrames(declared, options);
    expect(parts.test).toEqual(Array.from({ length: 10 }, (_, i) => 40 + i));
    expect([...parts.train, ...parts.validation, ...parts.calibration].every((i) => i < 40)).toBe(true);
    expect(parts.validation.length).toBe(8);
    expect(parts.calibration.length).toBe(4);
  });

  it('is the same for the same seed and another for another', () => {
    expect(partitionFrames(grouped, options)).toEqual(partitionFrames(grouped, options));
    expect(partitionFrames(grouped, { ...options, seed: 4 })).not.toEqual(partitionFrames(grouped, options));
  });

  it('refuses frames without any label', () => {
    expect(() => partitionFrames(source([{}, {}]), options)).toThrow(/no labelled frames/);
  });
});
