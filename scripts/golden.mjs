/**
 * `npm run golden`: compares the packages with golden numbers of reference implementations.
 *
 *   npm run golden -- tests/golden/*               folders of a model, or of pictures; other files are passed over
 *   npm run golden -- --templates templates.json   conversations in Llama-2's vocabulary
 *
 * One line per group of tensors with its worst relative error, then `ok` or `FAILED`; the exit status is 1 for the latter.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { templates: { type: 'string', multiple: true, default: [] } },
});
if (values.templates.length + positionals.length === 0) {
  console.error('usage: npm run golden -- DIR... [--templates FILE]');
  process.exit(2);
}
const { module } = await runnerImport(fileURLToPath(new URL('../tests/golden/run-golden.ts', import.meta.url)), {
  logLevel: 'error',
});
const print = (line) => console.log(line);
let ok = positionals.length === 0 || (await module.runGolden(positionals, print));
for (const file of values.templates) ok = (await module.runTemplates(file, print)) && ok;
console.log(ok ? 'ok' : 'FAILED');
process.exit(ok ? 0 : 1);
