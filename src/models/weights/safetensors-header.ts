import { shown } from '../../core/check.ts';
import type { ModelError } from '../../core/errors.ts';
import { elementCount } from './strided.ts';
import { type WeightType, weightTypeBytes } from './weight-tensor.ts';

const tensorLimit = 100_000;
/** A header has three levels: itself, a tensor, and its shape. */
const depthLimit = 8;

/** Bits per element of the format's types that are not supported as weights. */
const otherBits: Readonly<Record<string, number>> = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  C64: 64,
};

/** The position of a tensor among the values of a safetensors file, in bytes from their start. */
export interface SafetensorsPlace {
  readonly name: string;
  /** Undefined if the type is not supported. */
  readonly type: WeightType | undefined;
  /** As written in the file. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  /** In the order of the values. */
  readonly places: readonly SafetensorsPlace[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Creates the error that says what is wrong. */
export type BrokenSafetensors = (what: string, cause?: unknown) => ModelError;

/**
 * The length of the header, from the first 8 bytes of a file.
 *
 * @throws the error from `broken` if it claims more than the file or `limit` allows.
 */
export function headerLength(start: Uint8Array, fileBytes: number, limit: number, broken: BrokenSafetensors): number {
  if (fileBytes < 8) throw broken(`it has ${fileBytes} bytes, fewer than its header's length takes`);
  const claimed = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  const possible = Math.min(fileBytes - 8, limit);
  if (claimed > BigInt(possible)) throw broken(`its header claims ${claimed} bytes where ${possible} are possible`);
  return Number(claimed);
}

/**
 * Reads the JSON header strictly: every tensor's offsets must match its shape and type, and
 * together they must cover the `available` bytes of values without gap or overlap.
 *
 * @throws the error from `broken` for anything else.
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  available: number,
  broken: BrokenSafetensors,
): SafetensorsHeader {
  const header = parseObject(bytes, broken);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  if (entries.length > tensorLimit) throw broken(`it claims ${entries.length} tensors, more than ${tensorLimit}`);
  const places = entries
    .map(([name, entry]) => place(name, entry, available, broken))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let position = 0;
  for (const { name, start, end } of places) {
    if (start !== position) {
      throw broken(`tensor '${name}' starts at byte ${start}, but the one before ends at ${position}`);
    }
    position = end;
  }
  if (position !== available) throw broken(`its tensors end at byte ${position} of ${available}`);
  return { places, metadata: metadataOf(header.__metadata__, broken) };
}

function place(name: string, entry: unknown, available: number, broken: BrokenSafetensors): SafetensorsPlace {
  if (!isRecord(entry)) throw broken(`tensor '${name}' is described by ${shown(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') throw broken(`tensor '${name}' has the type ${shown(dtype)}`);
  const type = Object.hasOwn(weightTypeBytes, dtype) ? (dtype as WeightType) : undefined;
  const elements = isSizes(shape) ? elementCount(shape) : undefined;
  if (elements === undefined) throw broken(`tensor '${name}' has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw broken(`tensor '${name}' has no valid offsets`);
  const [start, end] = offsets as [number, number];
  const bits = type ? 8 * weightTypeBytes[type] : Object.hasOwn(otherBits, dtype) ? otherBits[dtype] : undefined;
  // For an unknown type only the position can be checked.
  const fits = bits === undefined || 8 * (end - start) === elements * bits;
  if (start > end || end > available || !fits) {
    throw broken(`tensor '${name}' of ${dtype} [${shape}] claims bytes ${start} to ${end} of ${available}`);
  }
  return { name, type, dtype, shape: shape as number[], start, end };
}

function parseObject(bytes: Uint8Array, broken: BrokenSafetensors): Record<string, unknown> {
  let header: unknown;
  if (isDeep(bytes)) throw broken(`its header has more than ${depthLimit} levels`);
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw broken('its header is not JSON in UTF-8', cause);
  }
  if (!isRecord(header)) throw broken(`its header is ${shown(header)} instead of an object`);
  return header;
}

/**
 * Whether brackets outside strings are nested too deeply: for megabytes of them a parser takes
 * fifty times the memory.
 */
function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inText) {
      if (byte === 0x5c) index++;
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    if (depth > depthLimit) return true;
  }
  return false;
}

function metadataOf(value: unknown, broken: BrokenSafetensors): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw broken('its metadata are not pairs of text');
  }
  return value as Record<string, string>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
