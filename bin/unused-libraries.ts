import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
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

/** Builds of packages for bundlers and browsers, and the build that is loaded instead. */
const BUILDS = [
  { package: 'parquet-wasm', used: 'esm', others: ['node', 'bundler'] },
  { package: 'scran.js', used: 'main', others: ['browser'] },
] as const;

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
  return [...otherPlatforms(modules, machine), ...otherBuilds(modules)].flatMap(({ name, path, why }) => {
    const directory = join(modules, name, path);
    if (own.has(name) || !existsSync(directory)) return [];
    // A package linked from elsewhere belongs to another project.
    if (!(realpathSync(directory) + sep).startsWith(root)) return [];
    return [{ path: join('node_modules', name, path), bytes: sizeOf(directory), why }];
  });
}

interface Candidate {
  readonly name: string;
  readonly path: string;
  readonly why: string;
}

function otherPlatforms(modules: string, { platform, arch, isMusl }: Here): Candidate[] {
  const runtime = 'onnxruntime-node';
  const found: Candidate[] = [];
  for (const version of namesIn(join(modules, runtime, 'bin'))) {
    const of = join(modules, runtime, 'bin', version);
    // If there is no build for this machine, nothing shows that the others are superfluous.
    if (!existsSync(join(of, platform, arch))) continue;
    for (const [name, each] of namesIn(of).flatMap((name) => namesIn(join(of, name)).map((each) => [name, each]))) {
      if (name === platform && each === arch) continue;
      found.push({ name: runtime, path: join('bin', version, name ?? '', each ?? ''), why: `for ${name} ${each}` });
    }
  }
  const [used, other] = isMusl ? ['musl', 'gnu'] : ['gnu', 'musl'];
  const library = (libc: string | undefined) => `@libsql/${platform}-${arch}-${libc}`;
  if (platform === 'linux' && existsSync(join(modules, library(used)))) {
    found.push({ name: library(other), path: '', why: `for Linux with ${other === 'gnu' ? 'glibc' : 'musl'}` });
  }
  return found;
}

function otherBuilds(modules: string): Candidate[] {
  return BUILDS.filter(({ package: name, used }) => existsSync(join(modules, name, used))).flatMap(
    ({ package: name, others }) => others.map((path) => ({ name, path, why: 'a build that is not loaded' })),
  );
}

/** Packages that a project's own package.json names. */
function namedBy(project: string): Set<string> {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  } catch (cause) {
    throw new UsageError(`${project} is not a project: its package.json cannot be read`, {
      code: 'project',
      remedy: 'Name the directory that `npm install` was run in.',
      cause,
    });
  }
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
  const file = found as Partial<Record<(typeof kinds)[number], Record<string, unknown>>> | null;
  return new Set(kinds.flatMap((kind) => Object.keys(file?.[kind] ?? {})));
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(directory, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
}
