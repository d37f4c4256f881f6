import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkString, shown } from './check.ts';
import { UsageError } from './errors.ts';
import { hashFile } from './hash.ts';
import { refuseAddress } from './object-address.ts';
import { factOf } from './words-of.ts';

/** What is loaded from modules, and the remedy of what is wrong with one. */
export interface ModuleKind {
  /** What the module must export, as in `exports no definition of a metric`. */
  readonly what: string;
  readonly remedy: string;
}

/** A value that a module exports. */
export interface ModuleExport {
  readonly value: unknown;
  /** The name that it is exported by. */
  readonly name: string;
  /** SHA-256 of the module's file. */
  readonly sha256: string;
}

const MODULE = /\.[cm]?[jt]s(#[^#]*)?$/;

/** Whether a text is the path of a module rather than a name. */
export function isModulePath(text: string): boolean {
  return MODULE.test(text);
}

/**
 * Loads what a module exports. This runs the module, so only a person's own words may name one.
 *
 * @param module its path, with `#export` for anything but the default export.
 * @param isWanted whether the exported value is of the kind.
 * @throws UsageError `module` when it does not exist, cannot be loaded or exports no such value.
 */
export async function loadExport(
  module: string,
  kind: ModuleKind,
  isWanted: (value: unknown) => boolean,
): Promise<ModuleExport> {
  const [path = '', name = 'default'] = checkString('module', module).split('#');
  if (!isModulePath(module)) throw refusedModule(module, kind, 'is not a JavaScript or TypeScript file');
  refuseAddress(path);
  let sha256: string;
  let namespace: Readonly<Record<string, unknown>>;
  try {
    const file = realpathSync(resolve(path));
    ({ sha256 } = await hashFile(file));
    // If a file has changed since it was loaded, it is loaded again instead of reusing the old
    // code.
    namespace = await import(`${pathToFileURL(file).href}?sha256=${sha256}`);
  } catch (cause) {
    throw refusedModule(module, kind, `cannot be loaded: ${factOf(cause)}`, cause);
  }
  const value = namespace[name];
  if (isWanted(value)) return { value, name, sha256 };
  const names = Object.keys(namespace).join(', ') || 'nothing';
  throw refusedModule(module, kind, `exports no ${kind.what} as ${shown(name)}, but ${names}`);
}

/** The error for a module that cannot be used, or whose export is wrong. */
export function refusedModule(module: string, { remedy }: ModuleKind, why: string, cause?: unknown): UsageError {
  return new UsageError(`the module ${shown(module)} ${why}`, { code: 'module', remedy, cause });
}
