import { Argument } from 'commander';
import type { Command } from 'commander';

import type { CliContext } from '../context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HELP = `
Set up once:
  bash   llava completion bash > ~/.local/share/bash-completion/completions/llava
  zsh    llava completion zsh > "\${fpath[1]}/_llava"
  fish   llava completion fish > ~/.config/fish/completions/llava.fish`;

/** `llava completion SHELL`: a script that completes commands, flags and, where a flag has them, its values. */
export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => void context.stdout.write(SCRIPTS[shell](completions(program))));
}

/** What may follow a command. */
interface Completion {
  /** The command after `llava`, e.g. `k8s render`; empty for `llava` itself. */
  readonly path: string;
  readonly words: readonly {
    readonly word: string;
    readonly description: string;
    readonly values: readonly string[];
  }[];
}

/** The whole command tree, parents first. */
export function completions(program: Command, path: readonly string[] = []): Completion[] {
  const commands = program.commands.map((command) => ({
    word: command.name(),
    description: command.description(),
    values: [],
  }));
  const choices = program.registeredArguments.flatMap(({ argChoices, description }) =>
    (argChoices ?? []).map((word) => ({ word, description, values: [] })),
  );
  const flags = program.options.map(({ long, description, argChoices }) => ({
    word: long ?? '',
    description,
    values: argChoices ?? [],
  }));
  const help = { word: '--help', description: 'what the command does, with examples', values: [] };
  const here = { path: path.join(' '), words: [...commands, ...choices, ...flags, help] };
  return [here, ...program.commands.flatMap((command) => completions(command, [...path, command.name()]))];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The cases of a shell's `case` over the words before the cursor, the most specific first. */
function cases(tree: readonly Completion[], line: (completion: Completion) => string): string {
  return tree
    .toReversed()
    .map((completion) => `    ${quoted(`llava ${completion.path}`.trim())}*) ${line(completion)} ;;\n`)
    .join('');
}

function valueCases(tree: readonly Completion[], line: (values: readonly string[]) => string): string {
  const byFlag = new Map(
    tree.flatMap(({ words }) =>
      words.filter(({ values }) => values.length > 0).map(({ word, values }) => [word, values]),
    ),
  );
  return [...byFlag].map(([flag, values]) => `    ${flag}) ${line(values)}; return ;;\n`).join('');
}

const SCRIPTS: Readonly<Record<Shell, (tree: readonly Completion[]) => string>> = {
  bash: (tree) => `# completion of llava for bash
_llava() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  case $previous in
${valueCases(tree, (values) => `COMPREPLY=($(compgen -W ${quoted(values.join(' '))} -- "$current"))`)}  esac
  case "\${COMP_WORDS[*]:0:COMP_CWORD}" in
${cases(tree, ({ words }) => `words=${quoted(words.map(({ word }) => word).join(' '))}`)}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _llava llava
`,
  zsh: (tree) => `#compdef llava
_llava() {
  local -a found
  case $words[CURRENT-1] in
${valueCases(tree, (values) => `compadd ${values.join(' ')}`)}  esac
  case "\${(j: :)words[1,CURRENT-1]}" in
${cases(tree, ({ words }) => `found=(${words.map(({ word, description }) => quoted(`${word.replaceAll(':', '\\:')}:${description}`)).join(' ')})`)}  esac
  _describe llava found || _files
}
compdef _llava llava
`,
  fish: (tree) => `# completion of llava for fish
${tree.flatMap(fishLines).join('')}`,
};

/** One line per word that may follow a command. */
function fishLines({ path, words }: Completion): string[] {
  const steps = path.split(' ').filter((step) => step !== '');
  const when =
    steps.length === 0
      ? '__fish_use_subcommand'
      : steps.map((step) => `__fish_seen_subcommand_from ${step}`).join('; and ');
  return words.map(({ word, description, values }) => {
    const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
    const choices = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : '';
    return `complete -c llava -n ${quoted(when)} ${what}${choices} -d ${quoted(description)}\n`;
  });
}
