import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(path.join(tmpdir(), 'quickstart-'));
let printed = '';

function llava(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [path.join(root, 'apps/cli/bin/llava.js'), ...args], { cwd: root });
}

beforeAll(async () => {
  printed = (await llava('quickstart', '--small', '--out', out)).stdout;
}, 600_000);
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

describe('the quickstart at a reduced size', () => {
  it('writes a report with everything it measured', () => {
    const report = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as Record<string, number>;
    const { heldOutAccuracy, blindAccuracy, captionLossUntrained, captionLossStage1, seconds, peakBytes } = report;
    for (const share of [heldOutAccuracy, blindAccuracy]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(captionLossStage1).toBeLessThan(captionLossUntrained ?? 0); // even a few steps teach the projector something
    expect(seconds).toBeGreaterThan(1);
    expect(peakBytes).toBeGreaterThan(2 ** 28);
    expect(peakBytes).toBeLessThan(3 * 2 ** 30);
  });

  it('asks about three held-out pictures and draws them on a contact sheet', async () => {
    expect(printed.match(/held-out.*\.png/g)).toHaveLength(5); // three pictures, and two commands to try next
    const { format, width, height } = await sharp(path.join(out, 'contact-sheet.png')).metadata();
    expect(format).toBe('png');
    expect(Math.min(width, height)).toBeGreaterThan(500);
  });

  it('leaves a record of every step, and a model that answers about a picture file', async () => {
    const steps = readFileSync(path.join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(steps).toHaveLength(8);
    expect(statSync(path.join(out, 'model', 'model.safetensors')).size).toBeGreaterThan(5e6);
    const picture = path.join(out, 'data', 'scenes', 'held-out-questions-16', 'images', '000001.png');
    const { stdout } = await llava(
      'chat',
      '--model',
      path.join(out, 'model'),
      '--image',
      picture,
      'What is in the picture?',
    );
    expect(stdout.trim().length).toBeGreaterThan(0);
  });
});
