// Records one stage-2 training step of LLaVA-1.5-7B's sizes and prints what that took; started by record-7b.spec.ts.
import { flattenTree, loadTensorflow, recordProgram, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import { VICUNA_7B_V1_5 } from '@llava-ts/decoder';
import { imageTokens, llavaLoss, llavaParameters } from '@llava-ts/llava';
import { CLIP_VIT_L_14_336 } from '@llava-ts/vision-encoder';

const config = {
  vision: CLIP_VIT_L_14_336,
  projector: { kind: 'mlp', layers: 2 },
  decoder: VICUNA_7B_V1_5,
  imageTokenId: 31999,
  featureLayer: -2,
  featureSelect: 'patch',
};
const [batch, tokens] = [4, 1024];

await loadTensorflow();
const baseline = process.resourceUsage().maxRSS * 1024;
const { projector, decoder } = llavaParameters(config);
const learning = { projector, decoder };
const specs = flattenTree(learning);
const ids = { shape: [batch, tokens], dtype: 'int32' };
const started = performance.now();
const { nodes } = recordProgram({
  precision: 'bfloat16',
  variables: Object.fromEntries([...specs].map(([path, { shape }]) => [path, { shape }])),
  functions: {
    step: {
      inputs: {
        ids,
        labels: ids,
        visualIndex: ids,
        features: { shape: [batch, imageTokens(config), config.vision.hidden] },
      },
      run: (inputs, variables) => {
        const parameters = new Map([...specs.keys()].map((path) => [path, variables.get(path)]));
        const loss = () => {
          const { lossSum, labelTokens } = llavaLoss(unflattenTree(learning, parameters), inputs, config, {
            recompute: true,
          });
          return { loss: lossSum, labelTokens };
        };
        const { outputs, gradients } = valueAndGradients(loss, parameters);
        return { ...outputs, ...Object.fromEntries(gradients) };
      },
    },
  },
});
const parameters = [...specs.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(
  JSON.stringify({
    parameters,
    nodes: nodes.length,
    seconds: (performance.now() - started) / 1000,
    baseline,
    peakBytes,
  }),
);
