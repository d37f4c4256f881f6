/**
 * Encodes WebAssembly modules with a single function (core specification 2.0, chapter 5), and
 * declares the parts of the engine that run them. All numbers written here are below 128, so each
 * takes one byte.
 */

/** What is used of the engine's WebAssembly; TypeScript has its types for browsers only. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Memory: new (options: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}
declare const WebAssembly: Engine;

/** Memory of a module; its buffer is another one after it has grown. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Bytes of a page of memory. */
export const pageBytes = 65_536;

/** Types of values. */
export const type = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Reads a local variable. */
export const get = (local: number): number[] => [0x20, local];
/** Sets a local variable. */
export const set = (local: number): number[] => [0x21, local];
/** Instructions on whole numbers. */
export const i32 = {
  /** As signed LEB128, of which a byte has six bits and a sign. */
  constant: (value: number): number[] => (value < 64 ? [0x41, value] : [0x41, value | 128, value >> 7]),
  add: [0x6a],
  subtract: [0x6b],
  multiply: [0x6c],
  shiftRight: [0x76],
  less: [0x49],
  store: [0x36, 2, 0],
};
/** Reads 16 bytes at an address that is a multiple of `2 ** align`. */
export const load128 = (align: number, offset = 0): number[] => [0xfd, 0x00, align, offset];
/** Reads four bytes, and repeats them four times. */
export const load32Splat = (align: number, offset = 0): number[] => [0xfd, 0x09, align, offset];
/** Writes 16 bytes. */
export const store128 = (align: number): number[] => [0xfd, 0x0b, align, 0];

/** Repeats `body` while `condition` holds after it. */
export const repeat = (body: readonly number[], condition: readonly number[]): number[] => [
  ...[0x03, 0x40, ...body],
  ...[...condition, 0x0d, 0, 0x0b],
];

/** Repeats `body` with `at` rising by `stride` while it is below `end`. */
export const loop = (at: number, end: number, stride: number, body: readonly number[]): number[] =>
  repeat(
    [...body, ...get(at), ...i32.constant(stride), ...i32.add, ...set(at)],
    [...get(at), ...get(end), ...i32.less],
  );

/** A length as LEB128. */
const size = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);
const sized = (content: readonly number[]) => [...size(content.length), ...content];
const nameOf = (text: string) => sized([...text].map((letter) => letter.charCodeAt(0)));

/** A function of a module, which the host calls. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  /** Local variables after the parameters: how many of which type. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly code: readonly number[];
}

/** A module of one function over memory that it is given. */
export function moduleOf({ name, parameters, results, locals, code }: WasmFunction): Uint8Array {
  const body = [locals.length, ...locals.flat(), ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // The type of the function, the memory it is given, the function, its name, its body.
    ...[1, ...sized([1, 0x60, parameters.length, ...parameters, results.length, ...results])],
    ...[2, ...sized([1, ...nameOf('host'), ...nameOf('memory'), 2, 0, 0])],
    ...[3, ...sized([1, 0])],
    ...[7, ...sized([1, ...nameOf(name), 0, 0])],
    ...[10, ...sized([1, ...sized(body)])],
  ]);
}

/** Runs a module in memory of its own; undefined where the engine lacks its instructions. */
export function started(
  module: Uint8Array,
  bytes: number,
): { readonly memory: WasmMemory; readonly exports: Readonly<Record<string, unknown>> } | undefined {
  if (!WebAssembly.validate(module)) return undefined;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { host: { memory } });
  return { memory, exports };
}
