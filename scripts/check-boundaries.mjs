/**
 * Proves that the import directions are guarded: for every import that must not exist it lints a file that has it, and
 * fails unless the rule objects. Imports that must work are linted too, so that a rule that refuses everything fails.
 */
import { ESLint } from 'eslint';
import { execFileSync } from 'node:child_process';

const PARTS = ['vision-encoder', 'projector', 'decoder'];
const RPC = ['@llava-ts/protos', '@llava-ts/exchange', '@grpc/grpc-js'];

/** Folder of the importing file -> what it must not import. */
const FORBIDDEN = {
  'packages/telemetry': ['engine', 'checkpoint', 'llava', ...RPC],
  'packages/engine': ['checkpoint', 'decoder', 'llava', 'data', 'trainer', 'sharp', ...RPC],
  'packages/checkpoint': ['engine', 'decoder', 'llava', 'data', 'trainer', ...RPC],
  ...Object.fromEntries(
    PARTS.map((part) => [
      `packages/${part}`,
      [...PARTS.filter((sibling) => sibling !== part), 'llava', 'data', 'trainer', '@tensorflow/tfjs-node-gpu', ...RPC],
    ]),
  ),
  'packages/llava': ['data', 'trainer', 'recipes', '@tensorflow/tfjs-node-gpu', 'sharp', ...RPC],
  'packages/data': ['engine', ...PARTS, 'llava', 'trainer', 'recipes', '@tensorflow/tfjs-core', ...RPC],
  'packages/instructions': [...PARTS, 'llava', 'trainer', 'recipes', 'sharp', '@tensorflow/tfjs-core', ...RPC],
  'packages/trainer': ['recipes', 'instructions', 'worker', 'parameter-server', 'sharp', ...RPC],
  'packages/exchange': ['recipes', 'worker', 'parameter-server', '@tensorflow/tfjs-node-gpu'],
  'packages/recipes': ['worker', 'parameter-server', ...RPC],
  protos: ['telemetry', 'trainer', 'exchange'],
  infra: ['cli', 'engine', ...RPC],
  'apps/worker': ['parameter-server', 'cli'],
  'apps/parameter-server': ['worker', 'cli'],
  'apps/serve': ['worker', 'cli', 'parameter-server'],
};

/** Folder of the importing file -> what it may import. */
const ALLOWED = {
  'packages/engine': ['telemetry'],
  'packages/checkpoint': ['telemetry'],
  ...Object.fromEntries(PARTS.map((part) => [`packages/${part}`, ['engine', 'checkpoint', 'telemetry']])),
  'packages/llava': [...PARTS, 'engine', 'checkpoint', 'telemetry'],
  'packages/data': ['telemetry', 'sharp'],
  'packages/instructions': ['data', 'checkpoint', 'telemetry'],
  'packages/trainer': ['llava', 'data', 'engine', 'checkpoint', 'telemetry'],
  'packages/exchange': ['trainer', 'protos', 'telemetry', '@grpc/grpc-js'],
  'packages/recipes': ['trainer', 'llava', 'data', 'telemetry'],
  infra: ['recipes', 'trainer', 'telemetry'],
  'apps/worker': ['recipes', 'exchange', 'trainer', 'llava', 'data', 'engine'],
  'apps/parameter-server': ['recipes', 'exchange', 'trainer', 'checkpoint', 'protos'],
  'apps/serve': ['llava', 'data', 'engine', 'trainer', 'protos', 'telemetry'],
  'apps/cli': ['infra', 'instructions', 'recipes', 'exchange', 'parameter-server', 'worker'],
};

const OURS = new Set(Object.keys({ ...FORBIDDEN, ...ALLOWED }).map((folder) => folder.split('/').at(-1)));
const moduleName = (name) => (OURS.has(name) ? `@llava-ts/${name}` : name);
const pairs = (table) =>
  Object.entries(table).flatMap(([folder, names]) => names.map((name) => [folder, moduleName(name)]));

/** Nx leaves the picture of the workspace in its cache; without it the rule skips itself silently. */
execFileSync(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const RULE = '@nx/enforce-module-boundaries';
const configured = await new ESLint().calculateConfigForFile('packages/telemetry/src/index.ts');
const [severity, options] = configured.rules[RULE];
const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId === RULE,
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: null } },
    // most forbidden imports would also close a circle, and the rule stops at that: look past it, at the layers
    rules: { [RULE]: [severity, { ...options, ignoredCircularDependencies: [['*', '*']] }] },
  },
});

async function objections(folder, module) {
  const text = `import * as imported from '${module}';\n`;
  const [result] = await eslint.lintText(text, { filePath: `${folder}/src/boundary-check.ts` });
  return result.messages.map(({ message }) => message.split('\n')[0]);
}

const problems = [];
for (const [folder, module] of pairs(FORBIDDEN)) {
  const found = await objections(folder, module);
  if (!found.some((message) => message.startsWith('A project tagged with')))
    problems.push(`${folder} may import ${module}, which is against the direction of imports`);
}
for (const [folder, module] of pairs(ALLOWED)) {
  const found = await objections(folder, module);
  if (found.length > 0) problems.push(`${folder} cannot import ${module}: ${found.join(' ')}`);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${pairs(FORBIDDEN).length} forbidden imports are refused, ${pairs(ALLOWED).length} allowed ones pass.`);
