import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { compact } from '../../src/io/dataset/compact.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { keyOf, unitTable } from '../io/dataset/fixtures.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const python = process.env.PYTHON ?? 'python3';
const place = mkdtempSync(join(tmpdir(), 'reelflow-reading-'));

/** A recipe of the page: a block of code, and the block of output after it. */
interface Recipe {
  readonly title: string;
  readonly code: string;
  readonly output: string;
}

function recipes(language: string): Recipe[] {
  const page = readFileSync(join(root, 'docs/reading.md'), 'utf8').split('## From stdout')[0] ?? '';
  const blocks = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\`\\n\\n\`\`\`text\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...page.matchAll(blocks)].map(([whole, code = '', output = '']) => {
    const before = page.slice(0, page.indexOf(whole)).trimEnd().split('\n');
    return { title: before.at(-1) ?? '', code, output: output.trim() };
  });
}

function pythonHas(code: string): boolean {
  const modules = [...code.matchAll(/^(?:import|from) ([a-z.]+)/gm)].map(([, name]) => `import ${name}`);
  try {
    execFileSync(python, ['-c', modules.join('; ')], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  const models = [
    { stream: 'visual', name: 'alexnet', cardHash: 'c1', weightsHash: 'w1', random: true },
    { stream: 'audio', name: 'vggish', cardHash: 'c2', weightsHash: 'w2', random: true },
  ];
  const directory = join(place, 'features');
  const { store } = await Dataset.open(directory, { graphId: 'made-up', name: 'extraction', params: {}, models });
  for (const [index, itemId] of ['clip-a', 'clip-b', 'clip-c'].entries()) {
    const streams = itemId === 'clip-b' ? { visual: 8 } : { visual: 8, audio: 4 };
    const unit = unitTable({ itemId, streams, counts: [10], statistics: ['mean', 'medmad'], seed: index + 1 });
    await store.commit(keyOf(index), unit);
  }
  await compact(directory);
  await reduce({ input: directory, out: join(place, 'reduced'), statistic: 'mean', components: 2 });
  mkdirSync(join(place, 'node_modules'));
  for (const name of ['apache-arrow', 'hyparquet', 'hyparquet-compressors']) {
    symlinkSync(join(root, 'node_modules', name), join(place, 'node_modules', name));
  }
  symlinkSync(root, join(place, 'node_modules', 'reelflow'));
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('docs/reading.md', () => {
  test('has recipes of every kind', () => {
    expect([recipes('sql').length, recipes('python').length, recipes('js').length]).toEqual([3, 6, 4]);
  });

  for (const { title, code, output } of recipes('sql')) {
    test(`DuckDB: ${title}`, async () => {
      const connection = await (await DuckDBInstance.create()).connect();
      const sql = code.replaceAll("'features/", `'${place}/features/`);
      const rows = (await connection.runAndReadAll(sql)).getRowsJson();
      connection.closeSync();
      expect(rows.map((row) => row.join(' ')).join('\n')).toBe(output);
    });
  }

  for (const [index, { title, code, output }] of recipes('js').entries()) {
    test(`Node: ${title}`, async () => {
      const path = join(place, `recipe-${index}.mjs`);
      writeFileSync(path, code);
      const { stdout } = await execute(process.execPath, [path], { cwd: place });
      expect(stdout.trim()).toBe(output);
    });
  }

  for (const { title, code, output } of recipes('python')) {
    const found = pythonHas(code);
    test.skipIf(!found)(`Python: ${title}${found ? '' : ' (skipped: its modules are not installed)'}`, async () => {
      const { stdout } = await execute(python, ['-c', code], { cwd: place });
      expect(stdout.trim()).toBe(output);
    });
  }
});
