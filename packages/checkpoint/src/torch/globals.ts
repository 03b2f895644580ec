import { LlavaError } from '@llava-ts/telemetry';

import { quoteName } from '../tensor.js';
import type { StoredDtype } from '../tensor.js';

/** What a pickle may name. Everything else could run code when Python loads it, and is refused here. */
export type Global =
  | { readonly kind: 'storage-type'; readonly dtype: StoredDtype }
  | { readonly kind: 'function'; readonly name: 'ordered-dict' | 'rebuild-tensor' | 'rebuild-parameter' };

const STORAGES: Readonly<Record<string, StoredDtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const GLOBALS: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['collections.OrderedDict', { kind: 'function', name: 'ordered-dict' }],
  ['torch._utils._rebuild_tensor_v2', { kind: 'function', name: 'rebuild-tensor' }],
  ['torch._utils._rebuild_parameter', { kind: 'function', name: 'rebuild-parameter' }],
  ...Object.entries(STORAGES).map(([name, dtype]): [string, Global] => [
    `torch.${name}`,
    { kind: 'storage-type', dtype },
  ]),
]);

/** @throws LlavaError `refused` for a global that is none of tensors, storages and dictionaries, by its name */
export function findGlobal(module: string, name: string, file: string): Global {
  const found = GLOBALS.get(`${module}.${name}`);
  if (found !== undefined) return found;
  throw new LlavaError(
    'refused',
    `${file}: the pickle names ${quoteName(`${module}.${name}`)}, which is no part of a tensor and could run code; ` +
      'only use files that hold plain state dicts, or safetensors',
  );
}
