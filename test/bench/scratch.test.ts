import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileNameOf } from '../../bench/scratch.ts';
import { temporaryDirectory } from '../io/dataset/fixtures.ts';

/** Runs a benchmark with a child; what is left when it has ended in a way. */
async function leftAfter(how: 'done' | 'failed' | NodeJS.Signals): Promise<{ files: string[]; child: boolean }> {
  const [directory, temporary] = [await temporaryDirectory(), await temporaryDirectory()];
  const end =
    { done: 'process.exit(0)', failed: "throw new Error('no')" }[how as 'done'] ?? 'setInterval(() => {}, 1000)';
  const lines = [
    "import { spawn } from 'node:child_process';",
    "import { mkdtempSync } from 'node:fs';",
    "import { tmpdir } from 'node:os';",
    `import { scratchDirectory } from '${new URL('../../dist/bench/scratch.js', import.meta.url)}';`,
    "scratchDirectory('test');",
    "mkdtempSync(tmpdir() + '/of-what-it-starts-');",
    "const child = spawn('sleep', ['600'], { stdio: 'ignore' });",
    "child.on('spawn', () => process.stdout.write(child.pid + '\\n', () => {",
    `  ${end};`,
    '}));',
  ];
  await writeFile(join(directory, 'bench.mjs'), lines.join('\n'));
  const env = { ...process.env, TMPDIR: temporary };
  const bench = spawn(process.execPath, [join(directory, 'bench.mjs')], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  bench.stdout.on('data', (text) => {
    printed += text;
    if (how !== 'done' && how !== 'failed') bench.kill(how);
  });
  await new Promise((resolve) => bench.on('close', resolve));
  expect(Number(printed)).toBeGreaterThan(1);
  const status = `/proc/${Number(printed)}/status`;
  const isThere = existsSync(status) && !/State:\s+Z/.test(readFileSync(status, 'utf8'));
  return { files: readdirSync(temporary), child: isThere };
}

describe.runIf(existsSync('/proc/self/task'))(
  'a benchmark leaves no file and no process (skipped without /proc)',
  () => {
    it.each(['done', 'failed', 'SIGINT', 'SIGTERM'] as const)('%s', async (how) => {
      expect(await leftAfter(how)).toEqual({ files: [], child: false });
    });
  },
);

it('the name of a kept result is a plain one of its own', () => {
  const labels = ['a:b=1', 'a;b=1', 'A:b=1', '../x', 'lstm-av (genres+av)', 'lstm-av (genres av)', 'x'.repeat(500)];
  const names = labels.map(fileNameOf);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(labels.length);
  for (const name of names) expect(name).toMatch(/^[\w.=-]{1,100}$/);
  expect(names.map((name) => name.startsWith('.') && name.includes('/'))).not.toContain(true);
});
