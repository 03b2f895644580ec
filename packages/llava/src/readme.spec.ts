import { readFile, rm, writeFile } from 'node:fs/promises';
import { format } from 'node:util';
import { describe, expect, it, vi } from 'vitest';

/** Runs a README's example. @returns what it printed, line by line */
async function runExample(name: string, example: string): Promise<string[]> {
  const file = new URL(`../dist/readme-example-${name}-${process.pid}.mjs`, import.meta.url); // where imports resolve
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => void printed.push(format(...values)));
  await writeFile(file, example);
  try {
    await import(file.href);
    return printed;
  } finally {
    log.mockRestore();
    await rm(file);
  }
}

describe.each(['vision-encoder', 'projector', 'decoder', 'llava'])("the example of %s's README", (name) => {
  it('prints what it says', async () => {
    const readme = await readFile(new URL(`../../${name}/README.md`, import.meta.url), 'utf8');
    const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
    const wanted = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, printed]) => printed);
    expect(wanted.length).toBeGreaterThan(0);
    expect(await runExample(name, example)).toEqual(wanted);
  });
});
