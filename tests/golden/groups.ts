import { readFile } from 'node:fs/promises';
import { loadPixels, readPreprocessorConfig } from '@llava-ts/data';
import { llavaNames, normaliseLlavaName } from '@llava-ts/llava';
import { compute, forward, gradients, hiddenStates, logits } from './computations.js';
import type { Mode, Numbers, Stage } from './computations.js';
import { continueFirstPrompt } from './continuation.js';
import type { GoldenCase } from './golden-case.js';
import { trainAlong } from './trajectory.js';

/** Some tensors of a case that are computed together. */
export interface GoldenGroup {
  readonly name: string;
  /** Largest relative error of a tensor; 0 for numbers that must be the same. */
  readonly tolerance: number;
  /** What the reference computed; nothing where the case does not have it. */
  expected(golden: GoldenCase): Numbers;
  compute(golden: GoldenCase): Numbers | Promise<Numbers>;
}

const TOLERANCE = 1e-4;
const PIXEL_TOLERANCE = 1e-6;
const BFLOAT16_TOLERANCE = 2e-2;
const STAGES: readonly Stage[] = ['projector', 'projector+decoder'];
const FLOAT32: readonly Mode[] = ['eager', 'compiled'];

/** Everything that a case says about our model. */
export const GOLDEN_GROUPS: readonly GoldenGroup[] = [
  {
    name: 'pixels',
    tolerance: PIXEL_TOLERANCE,
    expected: (golden) => tensors(golden, ['pixel_values']),
    compute: readPixels,
  },
  ...FLOAT32.flatMap((mode): GoldenGroup[] => [
    {
      name: `vision hidden states, ${mode}`,
      tolerance: TOLERANCE,
      expected: (golden) => under(golden, 'vision/hidden_states/'),
      compute: (golden) => compute(golden, mode, hiddenStates),
    },
    {
      name: `projected features, logits and loss, ${mode}`,
      tolerance: TOLERANCE,
      expected: (golden) => tensors(golden, ['projected', 'logits', 'loss']),
      compute: (golden) => compute(golden, mode, forward),
    },
    ...STAGES.map((stage) => ({
      name: `gradients of ${stage}, ${mode}`,
      tolerance: TOLERANCE,
      expected: (golden: GoldenCase) => inOurNames(golden, under(golden, `grad/${stage}/`)),
      compute: (golden: GoldenCase) => compute(golden, mode, gradients(stage)),
    })),
  ]),
  {
    name: 'logits, bfloat16',
    tolerance: BFLOAT16_TOLERANCE,
    expected: (golden) => tensors(golden, ['logits']),
    compute: (golden) => compute(golden, 'bfloat16', logits),
  },
  {
    name: 'generated ids',
    tolerance: 0,
    expected: (golden) => tensors(golden, ['generated']),
    compute: async (golden) => new Map([['generated', await continueFirstPrompt(golden)]]),
  },
  ...STAGES.map((stage) => ({
    name: `trajectory of ${stage}`,
    tolerance: TOLERANCE,
    expected: (golden: GoldenCase) => trajectory(golden, stage),
    compute: (golden: GoldenCase) => trainAlong(golden, stage),
  })),
];

/** Loss and gradient norm, a tensor of one number per step. */
function trajectory({ stages }: GoldenCase, stage: Stage): Numbers {
  const { loss, grad_norm: norms } = stages[stage];
  return new Map([
    ...loss.map((value, step) => [`loss of step ${step}`, [value]] as const),
    ...norms.map((value, step) => [`gradient norm of step ${step}`, [value]] as const),
  ]);
}

async function readPixels({ folder, model, expected }: GoldenCase): Promise<Numbers> {
  const [images = 0] = expected.get('pixel_values')!.shape;
  const file = `${folder}/preprocessor_config.json`;
  const config = readPreprocessorConfig(JSON.parse(await readFile(file, 'utf8')), file);
  const options = { ...config, sizePx: model.config.vision.imageSizePx, aspect: 'square' } as const;
  const pictures = Array.from({ length: images }, (_, image) => loadPixels(`${folder}/image${image}.png`, options));
  return new Map([['pixel_values', (await Promise.all(pictures)).flatMap((pixels) => [...pixels])]]);
}

function tensors({ expected }: GoldenCase, names: readonly string[]): Numbers {
  return new Map(
    names.flatMap((name) => {
      const data = expected.get(name)?.data;
      return data === undefined ? [] : [[name, data as Float32Array] as const];
    }),
  );
}

function under(golden: GoldenCase, prefix: string): Numbers {
  const names = [...golden.expected.keys()].filter((name) => name.startsWith(prefix));
  return new Map([...tensors(golden, names)].map(([name, values]) => [name.slice(prefix.length), values]));
}

/** Parameters of the reference by our path. */
function inOurNames({ model }: GoldenCase, theirs: Numbers): Numbers {
  const paths = new Map([...llavaNames(model.config)].map(([path, name]) => [name, path]));
  return new Map([...theirs].map(([name, values]) => [paths.get(normaliseLlavaName(name) ?? '') ?? name, values]));
}
