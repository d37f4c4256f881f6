import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { compileChild } from '../../fixtures/compile-child.ts';
import { temporaryDirectory } from './fixtures.ts';

const CHILD = fileURLToPath(new URL('./committing-child.ts', import.meta.url));
const CHILDREN = 4;
const UNITS = 120;

test('processes killed anywhere while they commit the same units lose, damage and double none', async () => {
  const script = await compileChild(await temporaryDirectory(), CHILD);
  const directory = await temporaryDirectory();
  const announced = new Map<number, number>();
  const running = new Set<ChildProcess>();

  const start = (seed: number): ChildProcess => {
    const child = spawn(process.execPath, [script, directory, String(seed), String(UNITS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [result, index] = line.split(' ');
      if (result === 'committed') announced.set(Number(index), (announced.get(Number(index)) ?? 0) + 1);
    });
    return child;
  };
  const readAll = async (store: CommitStore): Promise<number> => {
    const keys = await store.keys();
    for (const key of keys) {
      const index = Number.parseInt(key.slice(0, 2), 16);
      const unit = await store.read(key);
      expect(unit.itemId).toBe(`item-${index}`);
      expect(unit.columns[0]?.values.every((value) => value === index)).toBe(true);
    }
    return keys.length;
  };

  const store = await CommitStore.open(directory);
  let kills = 0;
  try {
    for (let seed = 0; seed < CHILDREN; seed += 1) start(seed * 31);
    for (let round = 0; (await readAll(store)) < UNITS; round += 1) {
      // A child is killed while it works: some moments after it has said something.
      const victim = [...running][round % running.size] as ChildProcess;
      await Promise.race([once(victim.stdout as NodeJS.ReadableStream, 'data'), once(victim, 'exit')]);
      await new Promise((wake) => setTimeout(wake, (round * 13) % 29));
      victim.kill('SIGKILL');
      await once(victim, 'exit').catch(() => undefined);
      kills += 1;
      start(round * 17);
      expect(round).toBeLessThan(500);
    }
  } finally {
    for (const child of running) child.kill('SIGKILL');
    await Promise.all([...running].map((child) => once(child, 'exit')));
  }
  expect(kills).toBeGreaterThan(0);
  expect(await readAll(store)).toBe(UNITS);
  for (const times of announced.values()) expect(times).toBe(1);

  // Opened again, nothing half-written is left of the dead.
  await CommitStore.open(directory);
  const left = readdirSync(join(directory, '_units'), { recursive: true }).filter((name) =>
    String(name).includes('.tmp-'),
  );
  expect(left).toEqual([]);
});
