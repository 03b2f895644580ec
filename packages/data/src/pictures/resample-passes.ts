import { RESAMPLE_MODULE } from './resample-module.js';

/** What is used of WebAssembly, whose types TypeScript keeps with the browser's. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object) => { readonly exports: unknown };
  };
};

/** Both passes of resample.wat, with its parameters in order, and the memory they work in. */
export interface ResamplePasses {
  readonly memory: Memory;
  across(...sizes: readonly number[]): void;
  down(...sizes: readonly number[]): void;
}

const PAGE_BYTES = 65536;
let passes: ResamplePasses | null = null;

function instantiate(): ResamplePasses {
  const module = new WebAssembly.Module(Buffer.from(RESAMPLE_MODULE, 'base64'));
  return new WebAssembly.Instance(module).exports as ResamplePasses;
}

/** The passes, made on first use, and their memory's bytes, grown to hold at least so many. */
export function resamplePasses(bytes: number): { passes: ResamplePasses; memory: Uint8Array } {
  passes ??= instantiate();
  const missing = bytes - passes.memory.buffer.byteLength;
  if (missing > 0) passes.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return { passes, memory: new Uint8Array(passes.memory.buffer) };
}
