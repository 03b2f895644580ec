import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { startProgram } from './child-program.js';

interface Event {
  readonly event: string;
  readonly pid?: number;
}

/** Starts a script and collects what it says. */
function start(script: string) {
  const mainFile = join(mkdtempSync(join(tmpdir(), 'program-')), 'main.mjs');
  writeFileSync(mainFile, script);
  const events: Event[] = [];
  const notes: string[] = [];
  let heard: () => void = () => undefined;
  const firstEvent = new Promise<void>((resolve) => (heard = resolve));
  const program = startProgram<Event>({
    name: 'worker-0',
    mainFile,
    args: [],
    env: process.env,
    onNote: (line) => void notes.push(line),
    onEvent: (event) => {
      events.push(event);
      heard();
    },
  });
  return { program, events, notes, firstEvent };
}

const SAY = 'const say = (event) => console.log(JSON.stringify({ event, pid: process.pid }));';

describe('startProgram', () => {
  test('events and log lines are handed on, and a good end resolves', async () => {
    const { program, events, notes } = start(`${SAY} say('ready'); console.error('careful');`);
    await program.ended;
    expect(events).toMatchObject([{ event: 'ready' }]);
    expect(notes).toEqual(['worker-0: careful']);
  });

  test.each([
    [2, 'bad-input'],
    [1, 'unavailable'],
    [70, 'internal'],
  ])('a failure with status %d keeps its kind and its words', async (status, code) => {
    const { program, notes } = start(`console.error('error: x.json: no field "id"'); process.exitCode = ${status};`);
    await expect(program.ended).rejects.toMatchObject({ code, message: 'x.json: no field "id"' });
    expect(notes).toEqual([]);
  });

  test('a program that is killed says by what', async () => {
    const { program } = start("process.kill(process.pid, 'SIGKILL');");
    await expect(program.ended).rejects.toMatchObject({
      code: 'unavailable',
      message: 'worker-0 ended with signal SIGKILL',
    });
  });

  test('stopping twice asks once, and waits for the farewell', async () => {
    const script = `${SAY} process.stdin.resume(); let asked = 0;
      process.on('SIGTERM', () => { asked++; setTimeout(() => { say('asked ' + asked); process.exit(0); }, 200); });
      say('ready');`;
    const { program, events, firstEvent } = start(script);
    await firstEvent;
    await Promise.all([program.stop(5000), program.stop(5000)]);
    expect(events.map(({ event }) => event)).toEqual(['ready', 'asked 1']);
  });

  test('a program that does not listen is ended after the grace period', async () => {
    const { program, firstEvent } = start(
      `${SAY} process.stdin.resume(); process.on('SIGTERM', () => {}); say('ready');`,
    );
    await firstEvent;
    await program.stop(100);
    await expect(program.ended).rejects.toMatchObject({ message: 'worker-0 ended with signal SIGKILL' });
  });

  test.runIf(process.platform === 'linux')('its peak of memory is known', async () => {
    const { program } = start('const held = Buffer.alloc(2e8, 1); setTimeout(() => held.length, 1200);');
    await program.ended;
    expect(program.peakBytes()).toBeGreaterThan(2e8);
  });

  test('it ends when the process that started it is killed', async () => {
    const child = join(mkdtempSync(join(tmpdir(), 'program-')), 'child.mjs');
    writeFileSync(child, `${SAY} process.stdin.resume().on('end', () => process.exit(0)); say('ready');`);
    const built = new URL('../../dist/training/child-program.js', import.meta.url).href;
    const parentScript = `import { startProgram } from ${JSON.stringify(built)};
      startProgram({ name: 'x', mainFile: ${JSON.stringify(child)}, args: [], env: process.env, onNote() {}, onEvent: (e) => console.log(e.pid) });`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentScript], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(Number(line.toString())), { timeout: 5000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
