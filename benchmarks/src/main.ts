import { Command } from 'commander';
import { errorLine, exitStatus } from '@llava-ts/telemetry';
import { benchDashboard } from './dashboard.js';
import { benchData } from './data.js';
import { benchExchange } from './exchange.js';
import { benchGenerate } from './generate.js';
import { benchImages } from './images.js';
import { benchJsonIndex } from './json-index.js';
import { benchOptimizer } from './optimizer.js';
import { benchScaling } from './scaling.js';
import { benchServe } from './serve.js';
import { benchStep } from './step.js';

const program = new Command('npm run bench --')
  .description('Speed and memory as ratios against a peer or a limit that is measured in the same run')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run bench -- step\n  npm run bench -- step --json --peer /path/to/venv/bin/python\n  npm run bench -- optimizer --peer python3',
  );

const question = (
  name: string,
  description: string,
  run: (options: { peer?: string; json?: boolean }) => Promise<void>,
): void => {
  program
    .command(name)
    .description(description)
    .option('--peer <python>', 'a Python that has torch')
    .option('--json', 'one line of JSON')
    .action(run);
};
question('generate', 'prefill and decode of a 110M decoder, and transformers.generate', benchGenerate);
question('step', 'a decoder training step: eager, compiled, bfloat16, and PyTorch', benchStep);
question('images', 'JPEG files to pixels, on one core and two, and Pillow and CLIPImageProcessor', benchImages);
question('dashboard', 'the page about 100,000 steps and 64 workers: frames in a real browser', benchDashboard);
question('optimizer', 'AdamW on 50 million parameters, and torch fused AdamW', benchOptimizer);
question(
  'exchange',
  'pull, push and apply of 256 MB between processes, a bare TCP stream, and gloo with AdamW',
  benchExchange,
);
question('scaling', 'steps of 1 to 4 workers on simulated devices, and what follows for 8 to 64', benchScaling);
question('data', 'JPEG files and tar shards to ready batches, and a torch DataLoader', benchData);
question('json-index', 'a LLaVA JSON of 1 GB: speed and memory of its index', benchJsonIndex);
question('serve', 'llava serve: tokens/s of one request and of 16 at once, by batch size', benchServe);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`error: ${errorLine(error)}\n`);
  process.exitCode = exitStatus(error);
});
