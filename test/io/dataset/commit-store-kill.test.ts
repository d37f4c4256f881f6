import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { temporaryDirectory } from './fixtures.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const CHILD = fileURLToPath(new URL('./committing-child.ts', import.meta.url));
const CHILDREN = 4;
const UNITS = 120;

/** Compiles the child and what it imports for plain Node. */
async function compileChild(directory: string): Promise<string> {
  const config = join(directory, 'tsconfig.json');
  const compilerOptions = {
    rootDir: ROOT,
    outDir: directory,
    declaration: false,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  await writeFile(
    config,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files: [CHILD] }),
  );
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  execFileSync(process.execPath, [join(typescript, '../bin/tsc'), '-p', config], { stdio: 'inherit' });
  return join(directory, relative(ROOT, CHILD).replace(/\.ts$/, '.js'));
}

test('processes killed anywhere while they commit the same units lose, damage and double none', async () => {
  const script = await compileChild(await temporaryDirectory());
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
    const keys = store.keys();
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
  const left = readdirSync(join(directory, 'units'), { recursive: true }).filter((name) =>
    String(name).includes('.tmp-'),
  );
  expect(left).toEqual([]);
});
