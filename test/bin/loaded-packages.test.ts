import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The packages that a file loads as it is imported, itself or through files of the project. */
function packagesOf(file: string): Set<string> {
  const [packages, files] = [new Set<string>(), new Set([join(root, file)])];
  for (const path of files) {
    const code = readFileSync(path, 'utf8');
    for (const [, specifier = ''] of code.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)';/gms)) {
      if (specifier.startsWith('.')) files.add(join(dirname(path), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  }
  return packages;
}

describe('a run loads what it needs: its memory plan counts nothing else', () => {
  test.each(['bin/commands/extract.ts', 'bin/commands/worker.ts', 'src/index.ts'])('%s', (file) => {
    const packages = packagesOf(file);
    expect(packages).toContain('rxjs');
    expect(packages).toContain('apache-arrow');
    // Some 30 MiB, for a page or figures that few runs want.
    for (const late of ['@observablehq/plot', 'linkedom', 'prom-client', '@aws-sdk/client-s3', 'bullmq']) {
      expect(packages).not.toContain(late);
    }
  });
});
