/** A process that generates instructions about 20 scenes, to be killed: `node generate-program.mjs BASE_URL OUT_DIR`. */
import { setTimeout as delay } from 'node:timers/promises';

import { composeScene, sceneBoxes, sceneCaptions, seededRandom } from '@llava-ts/data';
import { DEFAULT_FILTERS, generateInstructions, readPrompts } from '../dist/index.js';

const [baseUrl, outDir] = process.argv.slice(2);
const pictures = Array.from({ length: 20 }, (_, index) => {
  const random = seededRandom(5, index);
  const scene = composeScene(random, { split: 'train' });
  const boxes = sceneBoxes(scene).map(({ name, box }) => ({ category: name, box }));
  return { id: `scene-${index}`, image: `${index}.png`, captions: sceneCaptions(scene, random), boxes };
});
await generateInstructions({
  captions: { pictures, digest: 'scenes-20' },
  prompts: await readPrompts(),
  draw: { weights: { conversation: 1, detail: 1, reasoning: 1 }, perPicture: 1, seed: 1 },
  endpoint: { baseUrl, apiKey: 'sk-secret', model: 'm', maxOutputTokens: 100, timeoutMs: 60_000, temperature: null },
  outDir,
  concurrency: 4,
  limits: { requestsPerMinute: null, tokensPerMinute: null },
  maxAttempts: 4,
  prices: null,
  maxCost: null,
  askInDoubt: false,
  filters: DEFAULT_FILTERS,
  clock: {
    now: () => performance.now(),
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  },
  signal: new AbortController().signal,
});
