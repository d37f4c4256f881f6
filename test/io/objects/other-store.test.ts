import { describe, expect, it } from 'vitest';
import { openS3Store } from '../../../src/io/objects/s3-store.ts';
import { checkStore } from '../../../src/io/objects/store-check.ts';

/**
 * An address of a store that is not of these tests, such as `s3://bucket/prefix`, where the SDK
 * finds it by its own variables (`AWS_ENDPOINT_URL`, ...).
 */
const address = process.env.REELFLOW_TEST_STORE;

describe.skipIf(address === undefined)('a store of somebody else (REELFLOW_TEST_STORE)', () => {
  it('writes, lists, reads ends and the rest of objects, and removes them', async () => {
    const store = await openS3Store(address ?? '');
    const name = `_doctor/${Date.now()}/film`;
    const bytes = Buffer.from('0123456789');
    expect(await store.put(name, bytes, 'absent')).toBeDefined();
    const { etag = '', size } = (await store.head(name)) ?? {};
    expect(size).toBe(10);
    expect(Buffer.from((await store.get(name, { last: 3 }))?.bytes ?? []).toString()).toBe('789');
    const rest = await store.open(name, { from: 4, etag });
    if (rest === undefined || rest === 'changed') throw new Error(`it is ${rest}`);
    const pieces: Uint8Array[] = [];
    for await (const piece of rest.body) pieces.push(piece as Uint8Array);
    expect([Buffer.concat(pieces).toString(), rest.total]).toEqual(['456789', 10]);
    expect(await store.open(name, { from: 4, etag: '"other"' })).toBe('changed');
    const listed: string[] = [];
    for await (const each of store.list('_doctor/')) listed.push(each.name);
    expect(listed).toContain(name);
    await store.delete(name);
    expect([await store.head(name), await store.open(name, { from: 0, etag: undefined })]).toEqual([
      undefined,
      undefined,
    ]);
    store.close();
  });

  it('either keeps conditions, or is said not to', async () => {
    const check = await checkStore(address ?? '');
    expect(check.showsAtOnce).toBe(true);
    const expected = process.env.REELFLOW_TEST_STORE_KEEPS !== 'no';
    expect([check.refusesSecondWrite, check.refusesStaleReplace]).toEqual([expected, expected]);
  });
});
