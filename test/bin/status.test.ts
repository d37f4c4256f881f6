import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { callReelflow } from '../fixtures/call-cli.ts';
import { LengthRun } from '../fixtures/length-run.ts';

const AWKWARD = 'a "b", c\nd';

/** A dataset with an odd name, a dead item, and one that is not an input any more. */
async function prepared(): Promise<LengthRun> {
  const place = new LengthRun();
  for (const name of [AWKWARD, 'heat']) place.write(`films/${name}.mp4`, name);
  place.write('films/dark.mp4', 'broken');
  await place.run({ inputs: [place.path('films')] });
  rmSync(place.path('films/heat.mp4'));
  await place.run({ inputs: [place.path('films')] });
  return place;
}

describe('reelflow status', { timeout: 120_000 }, () => {
  it('tells a person what is in a dataset, and a program the same', async () => {
    const place = await prepared();
    const { stdout, code } = await callReelflow(['status', place.out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 items: 1 committed, 1 dead, 1 no longer inputs$/m);
    expect(stdout).toMatch(/^dead or superseded, by reason: 1 truncated$/m);
    expect(stdout).toMatch(/^table subclips=1\/aggregate=mean: 2 rows of 2 items, written 20.*Z$/m);
    expect(stdout).toContain(`reelflow prune ${place.out}`);
    const json = await callReelflow(['status', place.out, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      items: { committed: 1, dead: 1, gone: 1 },
      tablesAreCurrent: true,
    });
  });

  it('ends without a word when whoever reads its table goes away', async () => {
    const place = await prepared();
    const program = fileURLToPath(new URL('../../dist/bin/reelflow.js', import.meta.url));
    // The reader is gone before the program has begun.
    const script = 'set -o pipefail; "$@" | { exec 0<&-; }';
    const args = [process.execPath, program, 'status', place.out, '--format', 'json'];
    const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...args], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('gives the table of items as CSV, as JSON lines and as Parquet, with any name', async () => {
    const place = await prepared();
    const csv = await callReelflow(['status', place.out, '--format', 'csv']);
    const rows = parse(csv.stdout, { columns: true }) as Record<string, string>[];
    expect(rows.map(({ item_id: id, state }) => [id, state])).toEqual([
      [AWKWARD, 'committed'],
      ['dark', 'dead'],
      ['heat', 'gone'],
    ]);
    expect(rows[0]).toMatchObject({ path: place.path(`films/${AWKWARD}.mp4`), fps: '25', streams: 'video h264' });
    const lines = (await callReelflow(['status', place.out, '--format', 'json'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).item_id)).toEqual([AWKWARD, 'dark', 'heat']);
    const { out } = place;
    const path = place.path('items.parquet');
    writeFileSync(path, execFileSync(process.execPath, ['dist/bin/reelflow.js', 'status', out, '--format', 'parquet']));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const found = await connection.runAndReadAll(
      `SELECT item_id, state, code, width, duration FROM read_parquet('${path}') ORDER BY item_id`,
    );
    expect(found.getRows()).toEqual([
      [AWKWARD, 'committed', null, 64, 2],
      ['dark', 'dead', 'truncated', null, null],
      ['heat', 'gone', null, 64, 2],
    ]);
  });

  it('refuses what is not a dataset', async () => {
    const { code, stderr } = await callReelflow(['status', '/nowhere']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('/nowhere is not a dataset')]);
  });
});

describe('reelflow prune', { timeout: 120_000 }, () => {
  it('says what it would take out, and takes it out', async () => {
    const place = await prepared();
    const dry = await callReelflow(['prune', place.out, '--dry-run']);
    expect(dry.stdout).toBe(
      `heat  ${place.path('films/heat.mp4')}\n1 item(s) would be removed\nnothing was written (--dry-run)\n`,
    );
    const done = await callReelflow(['prune', place.out]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('1 item(s) removed: 1 unit(s)')]);
    expect(await place.states()).toEqual({ [AWKWARD]: 'committed', dark: 'dead truncated' });
    const named = await callReelflow(['prune', place.out, '--remove', AWKWARD, '--remove', 'dark', '--json']);
    expect(JSON.parse(named.stdout)).toMatchObject({ units: 1, letters: 1, tablesWritten: true });
    expect(await place.states()).toEqual({});
  });
});
