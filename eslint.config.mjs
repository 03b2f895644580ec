import nx from '@nx/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const PARTS = ['vision-encoder', 'projector', 'decoder'];
const MODEL_CODE = [...PARTS, 'llava'].map((name) => `packages/${name}/src/**/*.ts`);
const SPECS = ['**/*.spec.ts', 'tests/**/*.ts', 'packages/*/testing/**/*.ts', 'packages/*/fixtures/**/*.ts'];
/** TensorFlow and its set-up are configured by environment variables, so the code that starts them reads and sets some. */
const READS_ENVIRONMENT = [
  '**/environment.ts',
  'packages/engine/src/runtime/**/*.ts',
  'packages/engine/src/tensorflow.ts',
];
/** The page of the dashboard: only what runs in a browser. */
const WEB = 'apps/dashboard/web';
const COMMAND_LINES = ['apps/**', 'benchmarks/**', 'scripts/**'];

const RPC = ['@grpc/*', 'grpc-health-check'];
const DEVICE = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
const PICTURES = ['sharp', 'openmoji'];

/** Which layer may import which: docs/reading-order.md draws it. scripts/check-boundaries.mjs proves it. */
const layers = {
  telemetry: { imports: [], banned: [...RPC, ...DEVICE, ...PICTURES, '@tensorflow/tfjs-core'] },
  foundation: { imports: ['telemetry'], banned: [...RPC, ...PICTURES] },
  part: { imports: ['foundation', 'telemetry'], banned: [...RPC, ...DEVICE, ...PICTURES] },
  model: { imports: ['part', 'foundation', 'telemetry'], banned: [...RPC, ...DEVICE, ...PICTURES] },
  data: { imports: ['telemetry'], banned: [...RPC, ...DEVICE, '@tensorflow/tfjs-core'] },
  instructions: {
    imports: ['data', 'foundation', 'telemetry'],
    banned: [...RPC, ...DEVICE, ...PICTURES, '@tensorflow/tfjs-core'],
  },
  trainer: { imports: ['model', 'data', 'part', 'foundation', 'telemetry'], banned: [...RPC, ...DEVICE, ...PICTURES] },
  wire: { imports: [], banned: [...DEVICE, ...PICTURES] },
  exchange: { imports: ['trainer', 'wire', 'foundation', 'telemetry'], banned: [...DEVICE, ...PICTURES] },
  recipes: { imports: ['trainer', 'model', 'data', 'part', 'foundation', 'telemetry'], banned: [...RPC, ...DEVICE] },
  infra: { imports: ['recipes', 'trainer', 'telemetry'], banned: [...RPC, ...DEVICE, ...PICTURES] },
};
const libraries = Object.keys(layers);
layers.app = { imports: libraries, banned: DEVICE };
layers.command = { imports: [...libraries, 'app'], banned: DEVICE };
layers.benchmark = { imports: [...libraries, 'app'], banned: DEVICE };

const depConstraints = Object.entries(layers).map(([layer, { imports, banned }]) => ({
  sourceTag: `layer:${layer}`,
  onlyDependOnLibsWithTags: imports.map((name) => `layer:${name}`),
  bannedExternalImports: banned,
}));

/** Syntax that the style page rules out everywhere. */
const NEVER = [
  { selector: 'ExportAllDeclaration', message: 'Name exports one by one; never `export *`.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals instead of an enum.' },
];
const ENVIRONMENT = {
  selector:
    "MemberExpression[object.name='process'][property.name='env']:not(CallExpression[callee.name='readEnvironment'] > *)",
  message: 'Environment variables are read in one file per app (environment.ts); everything else is configuration.',
};
const NO_CLASS = {
  selector: ':matches(ClassDeclaration, ClassExpression)',
  message: 'A layer is a function of (parameters, input, config).',
};

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/coverage/',
    '**/node_modules/',
    '.nx/',
    'protos/src/gen/',
    'runs/',
    'output/',
    'infra/kubernetes/',
    'assets/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.spec.json', `./${WEB}/tsconfig.json`],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // objects of functions have no `this` to lose; ports are async whether or not one end waits; a tree's type is asked for by its caller
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
      'no-restricted-syntax': ['error', ...NEVER, ENVIRONMENT],
    },
  },
  { files: MODEL_CODE, rules: { 'no-restricted-syntax': ['error', ...NEVER, ENVIRONMENT, NO_CLASS] } },
  {
    files: [...READS_ENVIRONMENT, ...SPECS],
    rules: { 'no-restricted-syntax': ['error', ...NEVER] },
  },
  {
    files: [`${WEB}/src/**`, 'apps/dashboard/src/view/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(node:|@grpc/|@llava-ts/|@tensorflow/)',
              message: 'The page imports only what runs in a browser.',
            },
          ],
        },
      ],
    },
  },
  { files: SPECS, rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: COMMAND_LINES, rules: { 'no-console': 'off' } },
  { files: ['**/*.config.ts', '*.config.mjs'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.strict],
    rules: { eqeqeq: 'error' },
  },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs', '**/*.js'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints, checkDynamicDependenciesExceptions: ['.*'] }, // the command line loads heavy packages when it needs them
      ],
    },
  },
);
