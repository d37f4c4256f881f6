import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let known: string | undefined;

/** Name and version of this software, from its package file: `reelflow 0.1.0`. */
export function softwareVersion(): string {
  known ??= find(dirname(fileURLToPath(import.meta.url)));
  return known;
}

/** The package file is at a different depth in the sources than in the built package. */
function find(directory: string): string {
  try {
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    if (name !== undefined && version !== undefined) return `${name} ${version}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const parent = dirname(directory);
  return parent === directory ? 'reelflow' : find(parent);
}
