import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { UsageError } from '../src/core/errors.ts';

/** A directory of a package that nothing on this machine loads. */
export interface UnusedDirectory {
  /** Below the project. */
  readonly path: string;
  readonly bytes: number;
  readonly why: string;
}

/** The platform of a machine, which determines what is loaded there. */
export interface Here {
  readonly platform: string;
  readonly arch: string;
  readonly isMusl: boolean;
}

/** The platform of this machine. */
export function here(): Here {
  const { header } = process.report.getReport() as unknown as {
    readonly header: { glibcVersionRuntime?: string | undefined };
  };
  const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined;
  return { platform: process.platform, arch: process.arch, isMusl };
}

/** The build of each package that is loaded, and its other builds, sources and tests. */
const BUILDS = [
  { package: 'parquet-wasm', used: 'esm', others: ['node', 'bundler'] },
  { package: 'scran.js', used: 'main', others: ['browser'] },
  { package: 'rxjs', used: 'dist/cjs', others: ['dist/bundles', 'dist/esm', 'dist/esm5', 'src'] },
  { package: 'bintrees', used: 'lib', others: ['dist', 'test'] },
] as const;

/** Where an installed package is; undefined where it is not there. */
export type FindPackage = (name: string) => string | undefined;

/** A directory of a package, and why nothing here loads it. */
export interface Unused {
  readonly name: string;
  readonly directory: string;
  readonly why: string;
}

/**
 * The directories in a project's `node_modules` that nothing on this machine loads: ONNX Runtime
 * and libsql for other platforms, and builds for bundlers and browsers. Packages that the project
 * itself names are left alone, because what the project loads from them is unknown.
 *
 * @throws UsageError `project` if the directory is not a project with its own packages, or they lie
 * elsewhere.
 */
export function unusedDirectories(project: string, machine: Here): UnusedDirectory[] {
  const modules = join(project, 'node_modules');
  const own = namedBy(project);
  if (lstatSync(modules, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`${project} has no node_modules of its own`, {
      code: 'project',
      remedy: 'Name the directory that `npm install` was run in.',
    });
  }
  const root = realpathSync(modules) + sep;
  const find = packageFinder(join(modules, 'reelflow'));
  return [...otherPlatforms(find, machine), ...otherBuilds(find)].flatMap(({ name, directory, why }) => {
    // A package linked from elsewhere belongs to another project.
    if (own.has(name) || !(realpathSync(directory) + sep).startsWith(root)) return [];
    return [{ path: relative(realpathSync(project), directory), bytes: sizeOf(directory), why }];
  });
}

/**
 * Finds packages as an installed one does, and those that only libsql sees (pnpm gives each package
 * only what it names). What it returns is free of links.
 */
export function packageFinder(installed: string): FindPackage {
  const from = existsSync(installed) ? realpathSync(installed) : installed;
  const directoryOf = (name: string, of: string) => {
    const paths = createRequire(join(of, 'package.json')).resolve.paths(name) ?? [];
    const found = paths.map((path) => join(path, name)).find((path) => existsSync(path));
    return found === undefined ? undefined : realpathSync(found);
  };
  const libsql = directoryOf('libsql', from);
  return (name) => directoryOf(name, from) ?? (libsql === undefined ? undefined : directoryOf(name, libsql));
}

/** The directories of ONNX Runtime and libsql that other platforms load. */
export function otherPlatforms(find: FindPackage, { platform, arch, isMusl }: Here): Unused[] {
  const runtime = 'onnxruntime-node';
  const found: Unused[] = [];
  const binaries = join(find(runtime) ?? '', 'bin');
  for (const version of find(runtime) === undefined ? [] : namesIn(binaries)) {
    const of = join(binaries, version);
    // If there is no build for this machine, nothing shows that the others are superfluous.
    if (!existsSync(join(of, platform, arch))) continue;
    for (const [name, each] of namesIn(of).flatMap((name) => namesIn(join(of, name)).map((each) => [name, each]))) {
      if (name === platform && each === arch) continue;
      found.push({ name: runtime, directory: join(of, name ?? '', each ?? ''), why: `for ${name} ${each}` });
    }
  }
  const [used, other] = isMusl ? ['musl', 'gnu'] : ['gnu', 'musl'];
  const library = (libc: string | undefined) => `@libsql/${platform}-${arch}-${libc}`;
  const directory = find(library(other));
  if (platform === 'linux' && find(library(used)) !== undefined && directory !== undefined) {
    found.push({ name: library(other), directory, why: `for Linux with ${other === 'gnu' ? 'glibc' : 'musl'}` });
  }
  return found;
}

function otherBuilds(find: FindPackage): Unused[] {
  return BUILDS.flatMap(({ package: name, used, others }) => {
    const at = find(name);
    if (at === undefined || !existsSync(join(at, used))) return [];
    return others
      .map((path) => ({ name, directory: join(at, path), why: 'not loaded by Node.js, Bun or Deno' }))
      .filter(({ directory }) => existsSync(directory));
  });
}

/**
 * Packages that a project's own package.json names.
 *
 * @throws UsageError `project` when it cannot be read.
 */
export function namedBy(project: string): Set<string> {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
  const file = manifestOf(project) as Partial<Record<(typeof kinds)[number], Record<string, unknown>>> | null;
  return new Set(kinds.flatMap((kind) => Object.keys(file?.[kind] ?? {})));
}

/** Whether a project has workspaces, whose packages name packages of their own. */
export function hasWorkspaces(project: string): boolean {
  const file = manifestOf(project) as { readonly workspaces?: unknown } | null;
  return file?.workspaces !== undefined || existsSync(join(project, 'pnpm-workspace.yaml'));
}

function manifestOf(project: string): unknown {
  try {
    return JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  } catch (cause) {
    throw new UsageError(`${project} is not a project: its package.json cannot be read`, {
      code: 'project',
      remedy: 'Name the directory that `npm install` was run in.',
      cause,
    });
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(directory, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
}
