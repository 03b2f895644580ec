import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { cacheFolder } from './cache-folder.js';
import { cpuFeatures } from './cpu-features.js';
import { doctor } from './doctor.js';
import { pinnedWheels } from './pinned-wheels.js';

describe('cpuFeatures', () => {
  test('x86 flags are read', () => {
    const text = 'processor : 0\nflags\t\t: fpu avx avx2 avx512f amx_tile amx_bf16\nbugs : x\n';
    expect(cpuFeatures(text)).toEqual({ avx2: true, avx512: true, amx: true, bf16: true });
    expect(cpuFeatures('flags : avx2 fma\n')).toEqual({ avx2: true, avx512: false, amx: false, bf16: false });
  });

  test('Arm features are read, and an unknown text has none', () => {
    expect(cpuFeatures('Features\t: fp asimd bf16 i8mm\n').bf16).toBe(true);
    expect(Object.values(cpuFeatures(''))).toEqual([false, false, false, false]);
  });
});

test('the cache folder follows LLAVA_CACHE, then XDG_CACHE_HOME, then the home folder', () => {
  expect(cacheFolder({ LLAVA_CACHE: '/big', XDG_CACHE_HOME: '/x' })).toBe('/big');
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'llava-ts'));
  expect(cacheFolder({})).toBe(join(homedir(), '.cache', 'llava-ts'));
});

describe('pinnedWheels', () => {
  test('a CPU takes one wheel, a GPU TensorFlow first and the CUDA libraries after it', () => {
    expect(pinnedWheels('cpu', 'linux', 'x64').map((wheel) => wheel.project)).toEqual(['tensorflow-cpu']);
    const gpu = pinnedWheels('gpu', 'linux', 'x64');
    expect(gpu[0]?.project).toBe('tensorflow');
    expect(gpu.slice(1).every((wheel) => wheel.project.startsWith('nvidia-'))).toBe(true);
    expect(gpu.every((wheel) => /^[0-9a-f]{64}$/.test(wheel.sha256))).toBe(true);
  });

  test('a platform without wheels says what else there is', () => {
    expect(() => pinnedWheels('cpu', 'darwin', 'arm64')).toThrow(/darwin-arm64.*--from stock/);
    expect(() => pinnedWheels('gpu', 'linux', 'arm64')).toThrow(/--device cpu/);
  });
});

test('doctor loads the installed TensorFlow and describes the machine', async () => {
  const report = await doctor();
  expect(report).toMatchObject({
    ok: true,
    node: { version: process.versions.node },
    tensorflow: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string },
  });
  expect(report.cpu.threads).toBeGreaterThan(0);
  expect(report.memory.freeBytes).toBeLessThanOrEqual(report.memory.totalBytes);
});
