import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runs } from '../fixtures/downloader.ts';
import { until } from '../fixtures/until.ts';

const root = resolve(import.meta.dirname, '../..');

/** A test that leaves a process behind, and one that never ends while a process of its own runs. */
const TESTS = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { it } from 'vitest';
const start = (name) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  writeFileSync(name, child.pid + '\\n');
};
it('leaves a process behind', () => start('left'));
it('never ends', () => { start('running'); return new Promise(() => {}); });
`;

it.skipIf(!existsSync('/proc/self/task')).each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'processes that tests start end with their test, and with Vitest when %s ends it',
  async (signal) => {
    const place = mkdtempSync(join(tmpdir(), 'reelflow-children-'));
    onTestFinished(() => rmSync(place, { recursive: true, force: true }));
    symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
    writeFileSync(join(place, 'package.json'), '{"type":"module"}');
    writeFileSync(join(place, 'a.test.ts'), TESTS);
    const settings = {
      include: ['*.test.ts'],
      pool: 'forks',
      setupFiles: [join(import.meta.dirname, 'end-children.ts')],
    };
    writeFileSync(join(place, 'vitest.config.mjs'), `export default ${JSON.stringify({ test: settings })};`);
    const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], { cwd: place, stdio: 'ignore' });
    const pidOf = (name: string) => {
      const path = join(place, name);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      return text.endsWith('\n') ? Number(text) : undefined;
    };
    await until(() => pidOf('running') !== undefined);
    expect(runs(pidOf('running') ?? 0)).toBe(true);
    await until(() => !runs(pidOf('left') ?? 0));
    vitest.kill(signal);
    await until(() => !runs(pidOf('running') ?? 0));
  },
);
