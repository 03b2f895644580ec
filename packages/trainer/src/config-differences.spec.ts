import { describe, expect, it } from 'vitest';
import { configDifferences } from './config-differences.js';

const config = {
  preset: 'a',
  seed: 1,
  stages: [{ name: 'align', betas: [0.9, 0.999] }],
  train: { steps: 5, keepSnapshots: 3 },
  exchange: { heartbeatMs: 1 },
};

describe('configuration differences', () => {
  it('names every path that changes what is trained', () => {
    const other = { ...config, seed: 2, stages: [{ name: 'align', betas: [0.9, 0.99] }, { name: 'instruct' }] };
    expect(configDifferences(config, other)).toEqual([
      'seed: 1 -> 2',
      'stages.0.betas.1: 0.999 -> 0.99',
      'stages.1.name: absent -> "instruct"',
    ]);
  });

  it('allows what only concerns how a run is kept and shared out', () => {
    expect(
      configDifferences(config, {
        ...config,
        preset: 'b',
        train: { steps: 5, keepSnapshots: 9 },
        exchange: { heartbeatMs: 7 },
      }),
    ).toEqual([]);
  });
});
