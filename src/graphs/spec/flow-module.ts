import { realpathSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkJson, type Json } from '../../core/json.ts';
import { factOf } from '../../core/words-of.ts';
import type { Columns, VideoScope } from '../dataflow/video-scope.ts';

/**
 * A dataflow of your own: what a module exports, either directly or as a function of parameters,
 * and what `writeDataset` takes.
 *
 * @example
 * // flow.ts, compiled to flow.js
 * import type { Dataflow, Frame } from 'reelflow';
 * import { map } from 'rxjs';
 *
 * const mean = ({ data }: Frame) => data.reduce((sum, value) => sum + value, 0) / data.length;
 *
 * export const brightness = ({ size = 8 }): Dataflow => ({
 *   version: '1',
 *   columns: (scope) => ({
 *     brightness: scope
 *       .frames({ width: size, height: size })
 *       .pipe(map((frame) => ({ ...frame, vector: Float32Array.of(mean(frame)) })), scope.subclips({ count: 10 })),
 *   }),
 * });
 */
export interface Dataflow {
  /**
   * Composes the columns of a video, each of which ends in `scope.subclips`. Called once to plan
   * the run, without decoding, and once for each video: it must only compose.
   */
  readonly columns: (scope: VideoScope) => Columns;
  /**
   * Version of the functions between reelflow's operators, whose code has no hash: required if
   * there are any. A different version makes a different dataset. Networks identify themselves.
   */
  readonly version?: string | undefined;
  /** Name of the dataflow; recorded in the dataset and part of its id. Default `dataflow`. */
  readonly name?: string | undefined;
}

/** A module's path, as written in a spec, and the name of its export. */
interface Reference {
  readonly path: string;
  readonly name: string;
}

/** A function that a module exports. */
type Exported = (params: Json) => unknown;

const MODULE_FILE = /\.[cm]?[jt]s$/;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/**
 * Loads the dataflow that a module exports, and calls it with its parameters if it is a function.
 *
 * @param allowed the paths of the modules that may be loaded; undefined allows any.
 * @returns the dataflow, and the module's name and parameters as written in a spec.
 * @throws UsageError `module` when it is not allowed, is not a file below the working directory, or
 * exports no such dataflow.
 */
export async function loadFlow(
  module: string,
  params: unknown,
  allowed?: readonly string[],
): Promise<{ readonly flow: Dataflow; readonly module: string; readonly params: Json | undefined }> {
  const reference = readReference(module);
  const copy = params === undefined ? undefined : checkJson('params', params);
  if (allowed !== undefined && !allowed.some((each) => checkPath(each) === reference.path)) {
    throw refused(reference.path, 'is not allowed here, so it was not loaded', {
      remedy: `Read what is in it, and allow it by its path: \`modules: ['${reference.path}']\`.`,
    });
  }
  const exported = await importExport(reference);
  const { path, name } = reference;
  if (typeof exported !== 'function' && copy !== undefined) {
    throw refused(path, `exports '${name}' as ${shown(exported)}, which takes no \`params\``, {
      remedy: 'Export a function of the parameters that returns the dataflow, or leave `params` out.',
    });
  }
  const flow = typeof exported === 'function' ? await called(reference, exported as Exported, copy) : exported;
  return { flow: checkFlow(reference, flow), module: `${path}#${name}`, params: copy };
}

function readReference(module: string): Reference {
  const at = checkString('module', module).lastIndexOf('#');
  const name = at === -1 ? '' : module.slice(at + 1);
  if (!NAME.test(name)) {
    throw refused(module, 'names no export', {
      remedy: "Give the module's path and the export's name: './flow.js#shots'.",
    });
  }
  return { path: checkPath(module.slice(0, at)), name };
}

/** The path of a module below the working directory, in its canonical form: `./flows/shots.js`. */
function checkPath(path: string): string {
  checkString('module', path);
  const remedy = "Name a file below the working directory by its relative path: './flow.js'.";
  if (/^[a-z][a-z\d+.-]*:/i.test(path))
    throw refused(path, 'is a URL or a built-in module, not the path of a file', { remedy });
  if (isAbsolute(path) || /[\\\0]/.test(path)) throw refused(path, 'is not a relative path', { remedy });
  if (path.split('/').includes('..')) throw refused(path, "leads out of its directory by '..'", { remedy });
  if (!MODULE_FILE.test(path)) throw refused(path, 'is not a JavaScript or TypeScript file', { remedy });
  return `./${posix.normalize(path)}`;
}

async function importExport({ path, name }: Reference): Promise<unknown> {
  let namespace: Readonly<Record<string, unknown>>;
  const file = fileOf(path);
  try {
    namespace = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw refused(path, `cannot be loaded: ${factOf(cause)}`, { cause });
  }
  if (Object.hasOwn(namespace, name)) return namespace[name];
  const names = Object.keys(namespace);
  throw refused(path, `exports no '${name}', but ${names.length === 0 ? 'nothing' : names.join(', ')}`);
}

/**
 * The file that a path names. Links are refused: they could lead to another file later.
 */
function fileOf(path: string): string {
  const root = realpathSync(process.cwd());
  const file = join(root, path);
  let real: string;
  try {
    real = realpathSync(file);
  } catch (cause) {
    throw refused(path, 'does not exist', {
      remedy: 'Paths of modules begin at the working directory: run the program there.',
      cause,
    });
  }
  if (real === file) return file;
  throw refused(path, `is reached through a symbolic link: the file is ${real}`, {
    remedy: 'Name the file itself, not a link to it or to its directory.',
  });
}

async function called({ path, name }: Reference, make: Exported, params: Json | undefined): Promise<unknown> {
  try {
    return await make(params ?? {});
  } catch (cause) {
    throw refused(path, `threw in '${name}': ${factOf(cause)}`, { cause });
  }
}

function checkFlow({ path, name }: Reference, value: unknown): Dataflow {
  const { columns } = (value ?? {}) as { readonly columns?: unknown };
  if (typeof columns === 'function') {
    const { version, name: flowName } = value as Dataflow;
    return { columns: columns as Dataflow['columns'], version, name: flowName };
  }
  throw refused(path, `exports '${name}', which is not a dataflow, but ${shown(value)}`, {
    remedy: 'Export `{ version, columns }`, or a function of the parameters that returns that.',
  });
}

function refused(
  path: string,
  why: string,
  options: { readonly remedy?: string | undefined; readonly cause?: unknown } = {},
): UsageError {
  return new UsageError(`the module ${shown(path)} ${why}`, { code: 'module', ...options });
}
