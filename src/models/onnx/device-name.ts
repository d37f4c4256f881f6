import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Place } from './session.ts';

/** Where a network runs. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

/** The requested device. */
export interface DeviceChoice {
  /** `auto` is the first of cuda, webgpu and cpu that works and is faster than one CPU thread. */
  readonly device: 'auto' | Device;
  /** Its index among devices of its kind, as the driver counts them from 0. */
  readonly numbers: readonly number[];
}

const expected = "`device` must be auto, cpu, webgpu, cuda, or cards such as 'cuda:1' or 'cuda:0,cuda:1'";

/**
 * Reads the name of a device: `auto`, `cpu`, `webgpu`, `cuda` (the first card), `cuda:1`, or
 * several cards, `cuda:0,cuda:1`.
 *
 * @throws UsageError for anything else.
 *
 * @example
 * readDevice('cuda:0,cuda:1'); // { device: 'cuda', numbers: [0, 1] }
 */
export function readDevice(name: string): DeviceChoice {
  if (name === 'auto' || name === 'cpu' || name === 'webgpu' || name === 'cuda') return { device: name, numbers: [0] };
  const numbers = String(name)
    .split(',')
    .map((part) => Number(/^cuda:(\d{1,3})$/.exec(part.trim())?.[1] ?? Number.NaN));
  if (typeof name !== 'string' || numbers.some(Number.isNaN))
    throw new UsageError(`${expected}, but is ${shown(name)}`);
  if (new Set(numbers).size < numbers.length) throw new UsageError(`\`device\` names the same card twice: '${name}'`);
  return { device: 'cuda', numbers };
}

/** The name of a place in messages: `cpu`, `webgpu`, `cuda:0`. */
export function placeName({ device, number }: Place): string {
  return device === 'cuda' ? `${device}:${number}` : device;
}
