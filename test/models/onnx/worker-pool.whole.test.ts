import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { writeTinyVisual } from '../../fixtures/tiny-networks.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-pool-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('closing while a batch runs ends the batch, then the process continues', async () => {
  const card = writeTinyVisual(directory);
  const networkModule = new URL('../../../dist/src/models/networks/network.js', import.meta.url);
  const script = join(directory, 'close.mjs');
  writeFileSync(
    script,
    `import { network } from ${JSON.stringify(pathToFileURL(networkModule.pathname).href)};
const open = await network(${JSON.stringify(card)}).open({ batch: 512 });
const running = open.embed(Array.from({ length: 512 }, () => new Uint8Array(32 * 32 * 3)));
await open.close();
console.log((await running).length);
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  expect(stdout).toBe('512\n');
});
