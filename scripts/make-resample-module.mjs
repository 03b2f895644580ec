// Assembles packages/data/src/pictures/resample.wat into the base64 text beside it. A spec fails when the two differ.
import { readFile, writeFile } from 'node:fs/promises';
import wabt from 'wabt';

const folder = new URL('../packages/data/src/pictures/', import.meta.url);
const { parseWat } = await wabt();
const source = await readFile(new URL('resample.wat', folder), 'utf8');
const { buffer } = parseWat('resample.wat', source, { simd: true }).toBinary({});
const text = Buffer.from(buffer).toString('base64');
await writeFile(
  new URL('resample-module.ts', folder),
  `/** resample.wat, assembled by \`npm run generate -w @llava-ts/data\`. */\nexport const RESAMPLE_MODULE =\n  '${text}';\n`,
);
console.log(`${buffer.length} bytes`);
