import { checkInteger } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';

/** Checks that a share is at least 0 and below 1. @throws UsageError. */
export function checkShare(name: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new UsageError(`\`${name}\` must be at least 0 and below 1, but is ${value}`, { option: name });
}

/** Checks the units of at least one layer. @throws UsageError. */
export function checkLayers(name: string, layers: readonly number[]): readonly number[] {
  if (layers.length === 0)
    throw new UsageError(`\`${name}\` must have at least one layer, but is empty`, { option: name });
  for (const [at, units] of layers.entries()) checkInteger(`${name}[${at}]`, units);
  return layers;
}
