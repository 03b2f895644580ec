import { LlavaError } from '@llava-ts/telemetry';

import { createByteReader } from './byte-reader.js';
import type { ByteReader } from './byte-reader.js';
import { findGlobal } from './globals.js';
import type { PickleValue } from './pickle-values.js';
import { persistentStorage, reduce } from './reduce.js';

/** The state of a pickle that is being read. */
interface Machine {
  readonly file: string;
  readonly input: ByteReader;
  stack: PickleValue[];
  /** The stacks below each open mark. */
  readonly marks: PickleValue[][];
  readonly memo: Map<number, PickleValue>;
}

/**
 * Reads a pickle of tensors without executing anything: a machine that knows numbers, texts, lists, dictionaries, and the
 * few names of `torch` that a state dict is made of. Instructions follow Python's `pickletools`, protocols 2 to 4.
 * @param file for messages
 * @throws LlavaError `refused` for any other name or instruction, `corrupt` for bytes that are no whole pickle
 */
export function unpickle(bytes: Uint8Array, file: string): PickleValue {
  const machine: Machine = { file, input: createByteReader(bytes), stack: [], marks: [], memo: new Map() };
  try {
    for (let code = machine.input.byte(); code !== STOP; code = machine.input.byte()) {
      const instruction = INSTRUCTIONS[code];
      if (instruction === undefined) throw unknownInstruction(code, file);
      instruction(machine);
    }
    return pop(machine);
  } catch (error) {
    if (error instanceof LlavaError) throw error;
    throw new LlavaError('corrupt', `${file}: the pickle is damaged: ${(error as Error).message}`, { cause: error });
  }
}

const STOP = 0x2e;

function unknownInstruction(code: number, file: string): LlavaError {
  const what = `instruction 0x${code.toString(16).padStart(2, '0')}`;
  return new LlavaError(
    'refused',
    `${file}: the pickle has ${what}, which no state dict needs; use safetensors instead`,
  );
}

function pop({ stack }: Machine): PickleValue {
  const value = stack.pop();
  if (value === undefined) throw new RangeError('too few values');
  return value;
}

/** Everything above the last mark, which is taken away. */
function popToMark(machine: Machine): PickleValue[] {
  const values = machine.stack;
  const below = machine.marks.pop();
  if (below === undefined) throw new RangeError('no mark');
  machine.stack = below;
  return values;
}

function top({ stack }: Machine): PickleValue {
  const value = stack.at(-1);
  if (value === undefined) throw new RangeError('too few values');
  return value;
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const dictionary = top(machine);
  if (!(dictionary instanceof Map) || items.length % 2 !== 0)
    throw new RangeError('items for something else than a dictionary');
  for (let at = 0; at < items.length; at += 2) dictionary.set(items[at] ?? null, items[at + 1] ?? null);
}

function append(machine: Machine, items: readonly PickleValue[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) throw new RangeError('elements for something else than a list');
  for (const item of items) list.push(item);
}

function remember(machine: Machine, key: number): void {
  machine.memo.set(key, top(machine));
}

function recall(machine: Machine, key: number): void {
  const value = machine.memo.get(key);
  if (value === undefined) throw new RangeError('a value that was not remembered');
  machine.stack.push(value);
}

function text(machine: Machine): string {
  const value = pop(machine);
  if (typeof value === 'string') return value;
  throw new RangeError('a name that is no text');
}

function tuple(size: number): (machine: Machine) => void {
  return (machine) => {
    const values = Array.from({ length: size }, () => pop(machine)).reverse();
    machine.stack.push(values);
  };
}

const push =
  (read: (input: ByteReader) => PickleValue) =>
  (machine: Machine): void =>
    void machine.stack.push(read(machine.input));

const INSTRUCTIONS: Readonly<Record<number, (machine: Machine) => void>> = {
  0x80: ({ input }) => void input.byte(), // PROTO
  0x95: ({ input }) => void input.take(8), // FRAME
  0x4e: push(() => null),
  0x88: push(() => true),
  0x89: push(() => false),
  0x4b: push((input) => input.byte()), // BININT1
  0x4d: push((input) => input.uint(2)), // BININT2
  0x4a: push((input) => input.int32()), // BININT
  0x8a: push((input) => input.long(input.byte())), // LONG1
  0x47: push((input) => input.float64()), // BINFLOAT
  0x58: push((input) => input.text(input.uint(4))), // BINUNICODE
  0x8c: push((input) => input.text(input.byte())), // SHORT_BINUNICODE
  0x8d: push((input) => input.text(input.long(8))), // BINUNICODE8
  0x7d: push(() => new Map()),
  0x5d: push(() => []),
  0x29: push(() => []), // EMPTY_TUPLE
  0x28: (machine) => {
    machine.marks.push(machine.stack);
    machine.stack = [];
  },
  0x74: (machine) => {
    const values = popToMark(machine); // before the stack is looked at: it changes
    machine.stack.push(values);
  },
  0x85: tuple(1),
  0x86: tuple(2),
  0x87: tuple(3),
  0x71: (machine) => remember(machine, machine.input.byte()), // BINPUT
  0x72: (machine) => remember(machine, machine.input.uint(4)), // LONG_BINPUT
  0x94: (machine) => remember(machine, machine.memo.size), // MEMOIZE
  0x68: (machine) => recall(machine, machine.input.byte()), // BINGET
  0x6a: (machine) => recall(machine, machine.input.uint(4)), // LONG_BINGET
  0x73: (machine) => {
    const value = pop(machine);
    const key = pop(machine);
    setItems(machine, [key, value]);
  },
  0x75: (machine) => {
    const items = popToMark(machine);
    setItems(machine, items);
  },
  0x61: (machine) => {
    const item = pop(machine);
    append(machine, [item]);
  },
  0x65: (machine) => {
    const items = popToMark(machine);
    append(machine, items);
  },
  0x63: ({ input, stack, file }) => {
    const module = input.line();
    stack.push(findGlobal(module, input.line(), file));
  },
  0x93: (machine) => {
    const name = text(machine);
    const module = text(machine);
    machine.stack.push(findGlobal(module, name, machine.file));
  },
  0x51: (machine) => {
    const id = pop(machine);
    machine.stack.push(persistentStorage(id));
  },
  0x52: (machine) => {
    const args = pop(machine);
    const callee = pop(machine);
    machine.stack.push(reduce(callee, args));
  },
  0x62: (machine) => void pop(machine), // BUILD: the attributes of an OrderedDict (`_metadata`) say nothing about tensors
};
