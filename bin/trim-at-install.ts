import { existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { type Here, hasWorkspaces, namedBy, otherPlatforms, packageFinder } from './unused-libraries.ts';

/**
 * Removes the files of ONNX Runtime and libsql that only other platforms load, once npm has
 * installed reelflow as a dependency. Removes nothing in a clone of the repository, in a project
 * with workspaces, in an install for another platform (`npm install --os --cpu --libc`), or with
 * `REELFLOW_TRIM=skip`, and nothing from packages that the project itself names or that are outside
 * its `node_modules` (in a store that projects share). What cannot be removed stays: an install
 * never fails because of it.
 *
 * @param installed the directory of the installed package
 * @returns the directories that were removed
 */
export function trimAtInstall(
  installed: string,
  machine: Here,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const { REELFLOW_TRIM: wanted, npm_config_os: os, npm_config_cpu: cpu, npm_config_libc: libc } = environment;
  if (wanted === 'skip' || [os, cpu, libc].some((each) => each !== undefined && each !== '')) return [];
  const modules = outermostModules(realpathSync(installed));
  if (modules === undefined) return [];
  const project = dirname(modules);
  // A global install has no project that could name packages.
  const isProject = existsSync(join(project, 'package.json'));
  if (isProject && hasWorkspaces(project)) return [];
  const own = isProject ? namedBy(project) : new Set<string>();
  return otherPlatforms(packageFinder(installed), machine)
    .filter(({ name, directory }) => !own.has(name) && directory.startsWith(modules + sep))
    .map(({ directory }) => directory)
    .filter(isRemoved);
}

/** The first `node_modules` on a path. */
function outermostModules(path: string): string | undefined {
  const parts = path.split(sep);
  const at = parts.indexOf('node_modules');
  return at < 0 ? undefined : parts.slice(0, at + 1).join(sep);
}

function isRemoved(directory: string): boolean {
  try {
    rmSync(directory, { recursive: true });
    return true;
  } catch {
    return false;
  }
}
