import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startDashboard } from '@llava-ts/dashboard';
import type { Dashboard, DashboardOptions } from '@llava-ts/dashboard';
import { connectExchange, startParameterServer } from '@llava-ts/exchange';
import type { ParameterServer } from '@llava-ts/exchange';
import { runWorker } from '@llava-ts/trainer';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { memoryRecorder, toyHost, toyRun } from '../../packages/exchange/testing/toy-run.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
/** Pictures of what the browser shows, kept where CI collects them. */
const SCREENSHOTS = process.env['LLAVA_SCREENSHOTS'];

let browser: Browser;
let launched = false;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  launched = true;
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  if (launched) await browser.close();
});

async function serve(): Promise<ParameterServer> {
  const server = await startParameterServer({
    run: toyRun({ samples: 4000 }),
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '127.0.0.1:0',
  });
  closing.push(() => server.stop({ reason: 'the test is over', workers: 'leave' }));
  return server;
}

/** A worker whose leases take a few milliseconds, so that the run can be watched. */
function work(address: string, name: string): void {
  const exchange = connectExchange({
    address,
    workerName: name,
    fingerprint: () => ({ frozenDigest: 'frozen', engineVersion: 'toy' }),
  });
  const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
  runWorker(exchange, toyHost(slowly)).catch(() => undefined); // the server of a test ends before its run
}

async function watch(options: DashboardOptions): Promise<Dashboard> {
  const dashboard = await startDashboard(options);
  closing.push(() => dashboard.close());
  return dashboard;
}

/** Opens the page; whatever the browser complains of, the page's policy included, fails the test. */
async function open(url: string, look: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...look });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_|status of 40[13]/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`asks ${request.url()}`);
  });
  closing.push(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url);
  return page;
}

const headline = (page: Page) => page.getByTestId('headline');

async function picture(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

describe.skipIf(CHROMIUM === undefined)('the dashboard in a browser', () => {
  test('shows a run as it goes by: where it is, who works, and what can be read without eyes', async () => {
    const server = await serve();
    work(server.address, 'alpha');
    work(server.address, 'beta');
    const { url } = await watch({ runs: [{ server: server.address }] });
    const page = await open(url);
    await page.waitForFunction(() =>
      /step [1-9]/.test(document.querySelector('[data-testid=headline]')?.textContent ?? ''),
    );
    expect(await headline(page).textContent()).toMatch(/^Stage 1 of 2, step \d+ of 500, healthy/);
    await page.getByRole('rowheader', { name: 'alpha' }).waitFor();
    await page.getByRole('rowheader', { name: 'beta' }).waitFor();
    const loss = page.getByRole('img', { name: /^Loss\. Now / });
    const before = await loss.getAttribute('aria-label');
    await page.waitForFunction(
      (old) => document.querySelector('[aria-label^="Loss."]')?.getAttribute('aria-label') !== old,
      before,
    );
    const tree = await page.locator('main').ariaSnapshot();
    for (const part of ['heading "Workers (2)"', 'progressbar "Stage 1, align"', 'button "Pause"', 'heading "Log"']) {
      expect(tree).toContain(part);
    }
    await picture(page, 'run-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture(page, 'run-dark');
  });

  test('fits a phone: nothing is wider than the screen', async () => {
    const server = await serve();
    work(server.address, 'alpha');
    const { url } = await watch({ runs: [{ server: server.address }] });
    const page = await open(url, { viewport: { width: 390, height: 844 } });
    await page.getByRole('rowheader', { name: 'alpha' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await picture(page, 'run-phone');
  });

  test('pauses and resumes a run, with the token and after a question only', async () => {
    const server = await serve();
    work(server.address, 'alpha');
    const { url, controlToken } = await watch({ runs: [{ server: server.address }] });
    const page = await open(url);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByLabel(/^Control token/).fill('a guess');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('alert').filter({ hasText: 'give the control token' }).waitFor();
    expect(server.status().state).not.toBe('STATE_PAUSED');
    await page.getByLabel(/^Control token/).fill(controlToken ?? '');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await headline(page).filter({ hasText: 'paused' }).waitFor();
    expect(server.status().state).toBe('STATE_PAUSED');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await headline(page).filter({ hasText: 'healthy' }).waitFor();
  });

  test('says when the stream stops, and goes on with the whole past when the dashboard is back', async () => {
    const server = await serve();
    work(server.address, 'alpha');
    const runs = [{ name: 'toy', server: server.address }];
    const first = await startDashboard({ runs });
    const page = await open(first.url);
    await page.waitForFunction(() =>
      /step [1-9]/.test(document.querySelector('[data-testid=headline]')?.textContent ?? ''),
    );
    await first.close();
    await page.getByRole('alert').filter({ hasText: 'What you see may be old' }).waitFor({ timeout: 20_000 });
    await watch({ runs, port: Number(new URL(first.url).port) });
    await page
      .getByRole('alert')
      .filter({ hasText: 'What you see may be old' })
      .waitFor({ state: 'detached', timeout: 20_000 });
    const reloaded = await open(first.url);
    await reloaded.getByRole('img', { name: /^Loss\. Now \d/ }).waitFor();
    const response = await fetch(`${first.url}api/runs/toy/steps`);
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(8 * 18);
  });

  test('says that a server does not answer, and keeps what it knew', async () => {
    const server = await serve();
    work(server.address, 'alpha');
    const { url } = await watch({ runs: [{ server: server.address }] });
    const page = await open(url);
    await page.waitForFunction(() =>
      /step [1-9]/.test(document.querySelector('[data-testid=headline]')?.textContent ?? ''),
    );
    await server.stop({ reason: 'power is cut', workers: 'leave' });
    await headline(page)
      .filter({ hasText: /does not answer|stopped/ })
      .waitFor({ timeout: 20_000 });
    expect(await headline(page).textContent()).toMatch(/step [1-9]/);
  });

  test('opens folders of runs without a server and compares them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
    for (const [name, scale] of [
      ['slow', 2],
      ['fast', 1],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'config.json'), JSON.stringify(toyRun().config));
      const line = (step: number): string =>
        JSON.stringify({
          stage: 'align',
          step,
          steps: 500,
          loss: scale / step,
          gradNorm: 1,
          learningRate: 1e-3,
          labelTokens: 9,
          samples: 8,
          ms: 10,
        });
      await writeFile(
        join(folder, name, 'metrics.jsonl'),
        Array.from({ length: 500 }, (_, index) => `${line(index + 1)}\n`).join(''),
      );
    }
    const { url } = await watch({ runs: [{ folder: join(folder, 'slow') }, { folder: join(folder, 'fast') }] });
    const page = await open(`${url}#/compare`);
    await page.getByRole('img', { name: /2 runs/ }).waitFor();
    await page.getByRole('link', { name: 'fast' }).first().click();
    await headline(page).filter({ hasText: 'step 500 of 500' }).waitFor();
    await picture(page, 'compare');
  });
});

test('without TLS only this machine can look', async () => {
  await expect(startDashboard({ runs: [], host: '0.0.0.0' })).rejects.toMatchObject({ code: 'refused' });
});

test('a folder without a run is named', async () => {
  await expect(startDashboard({ runs: [{ folder: tmpdir() }] })).rejects.toThrow('holds no run');
});
