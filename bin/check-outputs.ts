import { constants, existsSync, type Stats, statSync } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { missingDirectories, removeIfThere, temporaryPath } from '../src/core/atomic-file.ts';
import { directoryFailure } from '../src/core/directory-failure.ts';
import { UsageError } from '../src/core/errors.ts';
import { isFarAddress } from '../src/io/far/far-address.ts';
import { type AnyTable, flaggedOptions, type Given } from './option-table.ts';

/** A path that a command is going to write, and the option that named it. */
export interface Output {
  readonly flag: string;
  readonly path: string;
  readonly kind: 'file' | 'directory';
}

/** The outputs among the given options; not stdout, and nothing in an object store. */
export function outputsOf(given: Given, table: AnyTable): Output[] {
  return flaggedOptions(table).flatMap(({ flag, writes }) => {
    const path = given.get(flag)?.at(-1);
    const isOutput = writes !== undefined && path !== undefined && path !== '' && path !== '-' && !isFarAddress(path);
    return isOutput ? [{ flag, path, kind: writes }] : [];
  });
}

/**
 * Checks, before a command computes anything, that it will be able to write its outputs: that
 * nothing of another kind is in the way, and that a file can be created where each will be. The
 * directories that are missing are not made.
 *
 * @param isDryRun - asks for permission only, and creates nothing.
 * @throws UsageError naming the option; SystemError `not-writable`, `disk-full`.
 */
export async function checkOutputs(outputs: readonly Output[], isDryRun: boolean): Promise<void> {
  for (const { flag, path, kind } of outputs) {
    const directory = kind === 'file' ? dirname(path) : path;
    const [missing] = missingDirectories(directory);
    const at = missing === undefined ? directory : dirname(missing);
    try {
      if (existsSync(path)) checkKind(`--${flag}`, path, kind, statSync(path));
      if (!statSync(at).isDirectory()) {
        throw new UsageError(`\`--${flag}\` cannot be ${path}: ${at} is a file, not a directory`, { option: flag });
      }
      await access(at, constants.W_OK | constants.X_OK);
      // Whoever may write anything may still be refused, by a read-only disk or a virtual one.
      if (!isDryRun) await tryFile(at);
    } catch (error) {
      throw directoryFailure(missing ?? directory, error);
    }
  }
}

function checkKind(name: string, path: string, kind: Output['kind'], found: Stats): void {
  if (kind === 'directory') {
    if (found.isDirectory()) return;
    throw new UsageError(`${path} must be a directory, but is a file`, {
      code: 'dataset',
      option: name,
      remedy: `Name another directory with \`${name}\`, or move the file.`,
    });
  }
  if (found.isFile()) return;
  throw new UsageError(
    `\`${name}\` must be a file, but ${path} is ${found.isDirectory() ? 'a directory' : 'a device or pipe'}`,
    {
      option: name,
      remedy: found.isDirectory() ? `Name a file in it, or another file.` : 'Name a regular file.',
    },
  );
}

async function tryFile(directory: string): Promise<void> {
  const path = temporaryPath(directory);
  const file = await open(path, 'wx');
  await file.close();
  await removeIfThere(path);
}
