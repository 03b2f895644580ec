import cliPackage from '@llava-ts/cli/package.json' with { type: 'json' };
import { errorLine, exitStatus } from '@llava-ts/telemetry';
import { Command, CommanderError } from 'commander';

import { registerCerts } from './commands/certs.js';
import { registerChat } from './commands/chat.js';
import { registerCompletion } from './commands/completion.js';
import { registerDashboard } from './commands/dashboard.js';
import { registerData } from './commands/data.js';
import { registerDiff } from './commands/diff.js';
import { registerDoctor } from './commands/doctor.js';
import { registerEval } from './commands/eval.js';
import { registerExport } from './commands/export.js';
import { registerFetch } from './commands/fetch.js';
import { registerInspect } from './commands/inspect.js';
import { registerK8s } from './commands/k8s.js';
import { registerMerge } from './commands/merge.js';
import { registerPlan } from './commands/plan.js';
import { registerQuickstart } from './commands/quickstart.js';
import { registerReport } from './commands/report.js';
import { registerRuntime } from './commands/runtime.js';
import { registerServe } from './commands/serve.js';
import { registerTrain } from './commands/train.js';
import type { CliContext } from './context.js';
import { readEnvironment } from './environment.js';
import { listenForInterrupt } from './terminal/signals.js';

const COMMANDS = [
  registerQuickstart,
  registerTrain,
  registerChat,
  registerServe,
  registerEval,
  registerData,
  registerDashboard,
  registerDiff,
  registerFetch,
  registerInspect,
  registerExport,
  registerPlan,
  registerMerge,
  registerReport,
  registerK8s,
  registerCerts,
  registerRuntime,
  registerDoctor,
  registerCompletion,
];

const EXAMPLES = `
Examples:
  llava quickstart                                            train and try a small assistant, in minutes
  llava train --preset tiny --out runs/a                      train in this process
  llava train --preset tiny --workers 2 --out runs/b          the same with a parameter server and two workers
  llava dashboard runs/a runs/b                               watch them in the browser
  llava diff runs/a runs/b                                    prints "identical"
  llava chat --model runs/a/model --image cat.png "What is this?"
  llava serve --model runs/a/model                            the same for any OpenAI client
  llava doctor                                                what is missing on this machine`;

/**
 * Runs a command line.
 * @param args without program and script
 * @returns the exit status: 0, or the table's in @llava-ts/telemetry
 */
export async function runCli(args: readonly string[], process: NodeJS.Process): Promise<number> {
  const interruption = listenForInterrupt(process);
  const { stdin, stdout, stderr } = process;
  const environment = readEnvironment(process.env);
  const context: CliContext = {
    environment,
    stdin,
    stdout,
    stderr,
    signal: interruption.signal,
    now: () => performance.now(),
  };
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
    stderr.write(`error: ${errorLine(error)}\n`);
    if (environment.debug && error instanceof Error) stderr.write(`${error.stack}\n`);
    return exitStatus(error);
  } finally {
    interruption.release();
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command('llava');
  program
    .description('Trains, serves and examines visual assistants (LLaVA).')
    .version(cliPackage.version, '-v, --version', 'print the version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      outputError: (text, write) => write(text.replaceAll(/\s*\n\s*(?=\S)/g, ' ')),
    })
    .addHelpText('after', EXAMPLES);
  for (const register of COMMANDS) register(program, context);
  return program;
}
