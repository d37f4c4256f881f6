import { existsSync, lstatSync, type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
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

/** The outputs that options name or default to; not stdout, and nothing in an object store. */
export function outputsOf(given: Given, table: AnyTable): Output[] {
  return flaggedOptions(table).flatMap(({ flag, writes, writesByDefault }) => {
    const path = given.get(flag)?.at(-1) ?? writesByDefault;
    const isOutput = writes !== undefined && path !== undefined && path !== '' && path !== '-' && !isFarAddress(path);
    // With a slash behind its name, a file would not be found.
    return isOutput ? [{ flag, path: path.replace(/(?<=.)\/+$/, ''), kind: writes }] : [];
  });
}

/**
 * Checks, before a command computes anything, that it will be able to write its outputs: that
 * nothing of another kind is in the way, and that a file can be created where each will be. The
 * directories that are missing are not made.
 *
 * @param isDryRun - looks only at what is in the way: what a dry run reports on may be read-only.
 * @throws UsageError naming the option; SystemError `not-writable`.
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
      // Throws for a link that leads nowhere, and for a name that is too long.
      if (missing !== undefined && lstatSync(missing, { throwIfNoEntry: false })?.isSymbolicLink()) statSync(missing);
      // Even root is refused on a read-only or virtual file system, so permissions do not tell.
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
