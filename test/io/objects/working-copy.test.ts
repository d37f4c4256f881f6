import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnitIndex } from '../../../src/io/dataset/unit-index.ts';
import { openS3Store } from '../../../src/io/objects/s3-store.ts';
import { WorkingCopy } from '../../../src/io/objects/working-copy.ts';
import { ObjectServer } from '../../fixtures/object-server.ts';

const server = new ObjectServer();
let env: Record<string, string>;
let temporary: string;
const copies: WorkingCopy[] = [];

beforeAll(async () => {
  env = await server.start();
});
beforeEach(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'reelflow-copies-'));
  for (const [name, value] of Object.entries({ ...env, TMPDIR: temporary })) vi.stubEnv(name, value);
  server.objects.clear();
  const store = await openS3Store('s3://films/features');
  await store.put('_dataset.json', Buffer.from('{}'));
  store.close();
});
afterEach(async () => {
  for (const copy of copies.splice(0)) await copy.close();
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true });
});
afterAll(() => server.stop());

async function open(): Promise<{ copy: WorkingCopy; index: UnitIndex }> {
  const copy = await WorkingCopy.open(await openS3Store('s3://films/features'));
  copies.push(copy);
  return { copy, index: await UnitIndex.open(join(copy.directory, '_index.txt')) };
}

/** Says which unit of an item is current, at a time of its own. */
async function choose({ index }: { index: UnitIndex }, item: string, key: string): Promise<void> {
  index.choose(item, key);
  await index.flush();
  // Names of objects tell milliseconds apart.
  await new Promise((done) => setTimeout(done, 2));
}

async function currentFor({ copy, index }: { copy: WorkingCopy; index: UnitIndex }): Promise<string | undefined> {
  await copy.refresh();
  await index.refresh();
  return index.currentOf('heat', ['aaaaaaaa', 'bbbbbbbb'], undefined);
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

describe('working copies of one dataset in an object store', () => {
  it('say the same unit of an item is current, also where lines were merged after it was said', async () => {
    const [one, other] = [await open(), await open()];
    for (let index = 0; index < 70; index++) await choose(one, `filler ${index}`, 'aaaaaaaa');
    await choose(one, 'heat', 'aaaaaaaa');
    await one.copy.underLease(async () => {
      // The other says so while the first one publishes.
      await choose(other, 'heat', 'bbbbbbbb');
    });
    expect([...server.contents('features/_index').keys()].length).toBe(2);
    for (const each of [one, other, await open()]) expect(await currentFor(each)).toBe('bbbbbbbb');
  });

  it('say the same where a line comes late from a clock that is behind', async () => {
    const [one, other] = [await open(), await open()];
    vi.setSystemTime(Date.now() - 60_000);
    await choose(other, 'heat', 'aaaaaaaa');
    vi.useRealTimers();
    await choose(one, 'heat', 'bbbbbbbb');
    for (const each of [one, other, await open()]) expect(await currentFor(each)).toBe('bbbbbbbb');
  });

  it('have every line once, however often they publish in turn', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => open()));
    for (let round = 0; round < 3; round++) {
      for (const [at, each] of all.entries()) {
        for (let line = 0; line < 20; line++) await choose(each, `item ${round} ${at} ${line}`, 'aaaaaaaa');
        await each.copy.underLease(async () => {});
      }
    }
    const kept = [...server.contents('features/_index').values()].flatMap(linesOf);
    expect(kept.length).toBe(240);
    expect(new Set(kept).size).toBe(240);
    for (const { copy } of all) {
      await copy.refresh();
      expect(new Set(linesOf(readFileSync(join(copy.directory, '_index.txt'), 'utf8'))).size).toBe(240);
    }
  });

  it('one that was stopped until its lease was taken over changes no file of whoever took it', async () => {
    const [stopped, other] = [await open(), await open()];
    const items = (text: string) => async (copy: WorkingCopy) => writeFile(join(copy.directory, '_items.arrow'), text);
    await stopped.copy.underLease(() => items('first')(stopped.copy));
    await other.copy.refresh();
    const publishing = stopped.copy.underLease(async (assertHeld) => {
      await assertHeld();
      await items('older')(stopped.copy);
      // It is stopped after it has seen that the lease is its own, and another takes it over.
      const lease = server.objects.get('features/_lock');
      server.objects.delete('features/_lock');
      await other.copy.underLease(() => items('newer')(other.copy));
      if (lease !== undefined) server.objects.set('features/_lock', lease);
    });
    await expect(publishing).rejects.toThrow('_items.arrow was changed by another process');
    expect(server.contents('features').get('_items.arrow')).toBe('newer');
  });
});
