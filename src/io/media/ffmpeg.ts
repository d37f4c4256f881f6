import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { SystemError } from '../../core/errors.ts';

/** Where a decoder binary was found. */
export type ToolOrigin =
  | 'REELFLOW_FFMPEG'
  | 'REELFLOW_FFPROBE'
  | 'PATH'
  | 'ffmpeg-static'
  | '@ffmpeg-binary'
  | '@ffprobe-installer';

/** A decoder binary that runs. */
export interface MediaTool {
  /** Absolute path. */
  readonly path: string;
  /** As reported by the binary: `5.1.9-0+deb12u1`, `n7.0-7-gd38bf5e08e`. */
  readonly version: string;
  readonly origin: ToolOrigin;
}

/**
 * The environment in which every tool runs. A statically linked ffprobe, such as that of
 * `@ffprobe-installer`, crashes on any transport stream if it loads the system's character set
 * modules to read a channel's name, so they are hidden from it.
 */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GCONV_PATH: '/nonexistent' };
}

const requireFrom = createRequire(import.meta.url);
const suffix = process.platform === 'win32' ? '.exe' : '';
const remembered = new Map<string, MediaTool>();

/**
 * The ffmpeg to use: `REELFLOW_FFMPEG`, else the PATH's, else that of `ffmpeg-static` if installed,
 * else that of the optional dependency `@ffmpeg-binary/*`. Cached while the environment stays the
 * same.
 *
 * @throws SystemError `decoder-missing` if there is none, or if the one that `REELFLOW_FFMPEG`
 * names does not run.
 * @example
 * const { path, version, origin } = findFfmpeg();
 */
export function findFfmpeg(): MediaTool {
  return find('ffmpeg', 'REELFLOW_FFMPEG', [
    { origin: 'ffmpeg-static', path: ffmpegStatic },
    {
      origin: '@ffmpeg-binary',
      path: () => packagedFile(`@ffmpeg-binary/${process.platform}-${process.arch}`, 'ffmpeg'),
    },
  ]);
}

/**
 * The ffprobe to use: `REELFLOW_FFPROBE`, else the PATH's, else that of the optional dependency
 * `@ffprobe-installer/ffprobe`. Cached while the environment stays the same.
 *
 * @throws SystemError `decoder-missing` if there is none, or if the one that `REELFLOW_FFPROBE`
 * names does not run.
 */
export function findFfprobe(): MediaTool {
  return find('ffprobe', 'REELFLOW_FFPROBE', [
    {
      origin: '@ffprobe-installer',
      path: () => packagedFile(`@ffprobe-installer/${process.platform}-${process.arch}`, 'ffprobe'),
    },
  ]);
}

interface Candidate {
  readonly origin: ToolOrigin;
  readonly path: () => string | undefined;
}

function find(
  name: 'ffmpeg' | 'ffprobe',
  variable: 'REELFLOW_FFMPEG' | 'REELFLOW_FFPROBE',
  packaged: readonly Candidate[],
): MediaTool {
  const named = process.env[variable];
  const key = [name, named, process.env.PATH].join('\0');
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const tool = named ? atNamedPath(name, variable, named) : search(name, variable, packaged);
  remembered.set(key, tool);
  return tool;
}

function atNamedPath(name: string, variable: ToolOrigin, named: string): MediaTool {
  const path = resolve(named);
  const version = existsSync(path) ? versionOf(path) : undefined;
  if (version === undefined) {
    throw new SystemError('decoder-missing', `${variable} is '${named}', which does not run as ${name}`, {
      remedy: `Set ${variable} to an ${name} binary, or unset it.`,
    });
  }
  return { path, version, origin: variable };
}

function search(name: string, variable: string, packaged: readonly Candidate[]): MediaTool {
  const candidates: Candidate[] = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => ({ origin: 'PATH', path: () => resolve(folder, name + suffix) }));
  for (const candidate of [...candidates, ...packaged]) {
    const path = candidate.path();
    if (path === undefined || !isFile(path)) continue;
    if (candidate.origin !== 'PATH') makeExecutable(path);
    const version = versionOf(path);
    if (version !== undefined) return { path, version, origin: candidate.origin };
  }
  throw new SystemError('decoder-missing', `no ${name} was found`, {
    remedy: `Install ffmpeg (https://ffmpeg.org), or run \`npm install\` with optional dependencies, or set ${variable} to an ${name} binary.`,
  });
}

/**
 * `ffmpeg-static` exports its binary's path even if its download failed, so the file is checked
 * afterwards.
 */
function ffmpegStatic(): string | undefined {
  const path: unknown = resolvable('ffmpeg-static') === undefined ? undefined : requireFrom('ffmpeg-static');
  return typeof path === 'string' ? path : undefined;
}

function packagedFile(packageName: string, file: string): string | undefined {
  const manifest = resolvable(`${packageName}/package.json`);
  return manifest === undefined ? undefined : join(dirname(manifest), file + suffix);
}

function resolvable(specifier: string): string | undefined {
  try {
    return requireFrom.resolve(specifier);
  } catch (error) {
    if (isErrorWithCode(error) && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'))
      return undefined;
    throw error;
  }
}

function isErrorWithCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

const PASSED_OVER = ['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'];

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch (error) {
    // What cannot be read cannot be run either; a shell skips such a folder too.
    if (isErrorWithCode(error) && PASSED_OVER.includes(error.code)) return false;
    throw error;
  }
}

/** Some package managers unpack files without their executable bits. */
function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (denied) {
    try {
      chmodSync(path, 0o755);
    } catch (cause) {
      throw new SystemError('decoder-missing', `'${path}' is not executable, and could not be made executable`, {
        remedy: `Run: chmod +x '${path}'`,
        cause: cause ?? denied,
      });
    }
  }
}

function versionOf(path: string): string | undefined {
  const run = spawnSync(path, ['-hide_banner', '-version'], { encoding: 'utf8', timeout: 20_000, windowsHide: true });
  return run.status === 0 ? /version (\S+)/.exec(run.stdout)?.[1] : undefined;
}
