import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { availableCores, availableMemory } from '../../../src/io/media/container-limits.ts';
import { temporaryDirectory } from '../dataset/fixtures.ts';

const GiB = 2 ** 30;

async function groups(list: string, files: Readonly<Record<string, string>>) {
  const root = await temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  writeFileSync(join(root, 'list'), list);
  return { list: join(root, 'list'), root };
}

it('memory and cores are those of a container of version 2, of its own group or of one above it', async () => {
  const inside = await groups('0::/\n', { 'memory.max': String(GiB), 'cpu.max': '50000 100000' });
  expect(availableMemory(inside)).toBe(GiB);
  expect(availableCores(inside)).toBe(1);
  const below = await groups('0::/pods/one/main\n', {
    'pods/memory.max': String(2 * GiB),
    'pods/one/memory.max': String(GiB / 2),
    'pods/one/main/memory.max': 'max',
    'pods/one/main/cpu.max': 'max 100000',
    'pods/cpu.max': '100000 100000',
  });
  expect(availableMemory(below)).toBe(GiB / 2);
  expect(availableCores(below)).toBe(1);
});

it('and of version 1, where the path that is listed may be that of the host', async () => {
  const list = '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n';
  const files = { 'memory/memory.limit_in_bytes': String(GiB), 'cpu/cpu.cfs_quota_us': '90000' };
  const limited = await groups(list, { ...files, 'cpu/cpu.cfs_period_us': '100000' });
  expect(availableMemory(limited)).toBe(GiB);
  expect(availableCores(limited)).toBe(1);
});

it('without limits they are the machine, and a quota above it gives no cores that are not there', async () => {
  const nowhere = { list: '/nowhere/cgroup', root: '/nowhere' };
  const v1 = '4:memory:/\n5:cpu,cpuacct:/\n';
  const unlimited = await groups(v1, {
    'memory/memory.limit_in_bytes': '9223372036854771712',
    'cpu/cpu.cfs_quota_us': '-1',
    'cpu/cpu.cfs_period_us': '100000',
  });
  const ample = await groups('0::/\n', { 'memory.max': 'max', 'cpu.max': '99900000 100000' });
  for (const each of [nowhere, unlimited, ample]) {
    expect(availableMemory(each)).toBe(totalmem());
    expect(availableCores(each)).toBe(availableParallelism());
  }
});
