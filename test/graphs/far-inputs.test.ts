import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { extract } from '../../src/graphs/extract.ts';
import { plannedExtraction } from '../../src/graphs/planned-extraction.ts';
import { runWorker } from '../../src/graphs/run-worker.ts';
import { Claims } from '../../src/graphs/runners/claims.ts';
import { Fingerprints } from '../../src/io/dataset/content-fingerprint.ts';
import { datasetItems } from '../../src/io/dataset/status.ts';
import { InputCopies } from '../../src/io/far/input-copies.ts';
import { videos } from '../../src/io/media/video.ts';
import { makeClip } from '../fixtures/clips.ts';
import { type Behaviour, type FileServer, serveFiles, wholeFile } from '../fixtures/file-server.ts';
import { ObjectServer } from '../fixtures/object-server.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

const objects = new ObjectServer();
let directory: string;
let clips: string;
let network: string;
let env: Record<string, string>;
/** The dataset of the same films as files. */
let near: string;
let server: FileServer | undefined;
let temporary: string;

const films = ['heat.mp4', 'alien.mkv', 'jaws.avi'];
const film = (name: string) => readFileSync(join(clips, name));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-far-inputs-'));
  clips = join(directory, 'clips');
  mkdirSync(clips);
  network = writeTinyVisual(directory);
  await Promise.all(
    films.map((name, index) =>
      makeClip(join(clips, name), { width: 64, height: 48, fps: 10, seconds: 1 + index, sound: false }),
    ),
  );
  near = join(directory, 'near');
  await run([clips], near);
  env = await objects.start();
});
beforeEach(() => {
  temporary = mkdtempSync(join(directory, 'tmp-'));
  for (const [name, value] of Object.entries({ ...env, TMPDIR: temporary })) vi.stubEnv(name, value);
  objects.objects.clear();
  objects.requests.length = 0;
  objects.fault = () => undefined;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  // Nothing is left of the copies.
  expect(readdirSync(temporary).filter((name) => name.startsWith('reelflow-inputs'))).toEqual([]);
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await objects.stop();
  rmSync(directory, { recursive: true, force: true });
});

function run(inputs: readonly string[], out: string, more: Partial<Parameters<typeof extract>[0]> = {}) {
  const what = { visual: network, audio: 'none', subclips: [2] } as const;
  return extract({
    inputs: inputs.length > 0 ? inputs : undefined,
    out,
    ...what,
    memory: '1GiB',
    concurrency: 2,
    workers: 1,
    ...more,
  });
}

let outputs = 0;
const fresh = () => join(directory, `out-${++outputs}`);

/** Units and tables by name, which are the same however the films came. */
function computed(dataset: string): Map<string, string> {
  const files = readdirSync(dataset, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    files
      .filter((name) => /^_units.*\.arrow$|\.parquet$/.test(name))
      .map((name) => [name, readFileSync(join(dataset, name)).toString('latin1')]),
  );
}

async function itemsOf(dataset: string) {
  const items: { id: string; state: string; code?: string | undefined; path?: string | undefined }[] = [];
  for await (const { id, state, code, path } of datasetItems(dataset)) items.push({ id, state, code, path });
  return items;
}

async function serve(behaviours: Readonly<Record<string, Behaviour>>): Promise<string> {
  server = await serveFiles(behaviours);
  return server.url;
}

const all = () => Object.fromEntries(films.map((name) => [`/${name}`, wholeFile(film(name))]));

const put = (name: string, bytes: Buffer, etag = `"${name}"`) =>
  objects.objects.set(name, { bytes, etag, modified: new Date(), metadata: {} });

describe('films at addresses', () => {
  it('give the dataset of the same films as files, byte for byte, are fetched once each, and are not computed again', async () => {
    const url = await serve(all());
    const inputs = films.map((name) => `${url}/${name}`);
    const out = fresh();
    expect((await run(inputs, out)).videos).toMatchObject({ committed: 3, dead: 0 });
    expect(computed(out)).toEqual(computed(near));
    expect((await itemsOf(out)).map(({ path }) => path)).toEqual([1, 0, 2].map((at) => inputs[at]));
    // What was fetched for the plan is not fetched again for the run.
    expect(server?.requests.filter(({ range }) => range === undefined).length).toBe(3);
    const before = server?.requests.length ?? 0;
    expect((await run(inputs, out)).videos).toMatchObject({ committed: 0, alreadyDone: 3 });
    // Beside those that are looked at for the plan, only what they are now was asked for.
    const whole = server?.requests.slice(before).filter(({ range }) => range !== 'bytes=0-0') ?? [];
    expect(whole.length).toBe(3);
  });

  it('are fetched only while there is room for them', async () => {
    const url = await serve(all());
    const largest = Math.max(...films.map((name) => film(name).byteLength));
    const out = fresh();
    // Room for one, so that none stays for another.
    const { videos } = await run(
      films.map((name) => `${url}/${name}`),
      out,
      { scratch: largest },
    );
    expect(videos).toMatchObject({ committed: 3, dead: 0 });
    expect(computed(out)).toEqual(computed(near));
  });

  it('that fail have a letter with a code of their own, and are asked for again by the next run', async () => {
    const url = await serve({
      '/heat.mp4': wholeFile(film('heat.mp4')),
      '/secret.mp4': (_, response) => response.writeHead(403).end(),
      '/page.mp4': wholeFile(Buffer.from('<!doctype html><title>Please log in</title>')),
      '/empty.mp4': wholeFile(Buffer.alloc(0)),
      '/large.mp4': wholeFile(Buffer.alloc(300_000)),
      '/endless.mp4': (_, response, send) => {
        response.writeHead(200);
        const more = setInterval(() => send(Buffer.alloc(65_536)), 1);
        response.on('close', () => clearInterval(more));
      },
      '/inside.mp4': (_, response) => response.writeHead(302, { location: 'ftp://127.0.0.1/film.mp4' }).end(),
    });
    const names = ['heat', 'secret', 'page', 'empty', 'large', 'endless', 'inside', 'gone'];
    const out = fresh();
    const { videos } = await run(
      names.map((name) => `${url}/${name}.mp4`),
      out,
      { scratch: 200_000 },
    );
    expect(videos).toMatchObject({ committed: 1, dead: 7 });
    expect((await itemsOf(out)).map(({ id, code }) => [id, code])).toEqual([
      ['empty', 'empty'],
      ['endless', 'too-large'],
      ['gone', 'not-found'],
      ['heat', undefined],
      ['inside', 'unreachable'],
      ['large', 'too-large'],
      ['page', 'not-media'],
      ['secret', 'forbidden'],
    ]);
    const letters = readdirSync(join(out, '_dead')).map((name) => readFileSync(join(out, '_dead', name), 'utf8'));
    // What they are called, not what their copies were.
    for (const letter of letters) expect(letter).not.toContain('reelflow-inputs');
  });

  it('keep the query of an address to themselves, and are counted in the figures of the run', async () => {
    let asked: (figures: Promise<string>) => void = () => {};
    const figures = new Promise<string>((resolve) => {
      asked = resolve;
    });
    const url = await serve({
      ...all(),
      // After the plan it says its size, and that it is gone when the other film is committed and
      // the figures have been read.
      '/gone.mp4': ({ headers }, response, __, nth) => {
        if (nth > 1 && headers.range === 'bytes=0-0') {
          response.writeHead(206, { 'content-range': 'bytes 0-0/5000', 'content-length': 1 }).end('x');
          return;
        }
        void (nth === 1 ? Promise.resolve() : figures).then(() => response.writeHead(404).end());
      },
    });
    const said: string[] = [];
    const out = fresh();
    const { network: used } = await run([`${url}/heat.mp4?token=secret`, `${url}/gone.mp4?token=secret`], out, {
      metricsPort: 0,
      onMessage: (line) => said.push(line),
      onItem: ({ item }) => {
        const origin = said.map((line) => /metrics are at (\S+)/.exec(line)?.[1]).find((found) => found !== undefined);
        if (item === 'heat' && origin !== undefined) asked(fetch(origin).then((answer) => answer.text()));
      },
    });
    const figure = async (name: string) =>
      Number(new RegExp(`^reelflow_${name} (\\d+)$`, 'm').exec(await figures)?.[1]);
    expect(used?.receivedBytes).toBe(film('heat.mp4').byteLength);
    expect(await figure('network_received_bytes_total')).toBeGreaterThanOrEqual(film('heat.mp4').byteLength);
    expect(await figure('network_requests_total')).toBeGreaterThan(3);
    // What is being fetched has its room; the other may still have it.
    expect([5000, 5000 + film('heat.mp4').byteLength]).toContain(await figure('scratch_bytes'));
    expect((await itemsOf(out)).map(({ id, path }) => [id, path])).toEqual([
      ['gone', `${url}/gone.mp4?***`],
      ['heat', `${url}/heat.mp4?***`],
    ]);
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const kept = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)).toString('latin1'));
    expect([...said, ...kept].filter((text) => text.includes('secret'))).toEqual([]);
    await expect(
      run([`${url}/heat.mp4?token=secret`], out, { runner: 'bullmq', queue: 'redis://127.0.0.1:1' }),
    ).rejects.toMatchObject({ option: 'runner' });
  });

  it('continue where they were cut, and are wholly of what they have become where they were changed', async () => {
    const [first, second] = [film('heat.mp4'), film('alien.mkv')];
    const kept = () => {
      const folders = readdirSync(temporary).filter((name) => name.startsWith('reelflow-inputs'));
      const files = folders.flatMap((folder) => readdirSync(join(temporary, folder)).map((name) => [folder, name]));
      const sizes = files.map((parts) => readFileSync(join(temporary, ...parts)).byteLength);
      return Math.max(0, ...sizes);
    };
    const half = Math.floor(first.byteLength / 2);
    // The first request asks what it is, the second one is cut.
    const cut = wholeFile(first, { kept, cutAfter: (nth) => (nth === 2 ? half : undefined) });
    const url = await serve({ '/heat.mp4': cut });
    const said: string[] = [];
    const out = fresh();
    await run([`${url}/heat.mp4`], out, { onMessage: (line) => said.push(line) });
    expect([...computed(out)].filter(([name]) => name.startsWith('_units'))).toEqual(
      [...computed(near)].filter(([, unit]) => unit.includes('heat') && !unit.startsWith('PAR1')),
    );
    expect(server?.requests.some(({ range, ifRange }) => range === `bytes=${half}-` && ifRange === '"first"')).toBe(
      true,
    );
    expect(said.filter((line) => line.includes('trying again'))).toEqual([
      expect.stringContaining(`was cut (ECONNRESET); trying again in 0.5 s from byte ${half}`),
    ]);
    await server?.close();

    const before = wholeFile(first, { kept, cutAfter: () => half, etag: () => '"before"' });
    const after = wholeFile(second, { etag: () => '"after"' });
    const other = await serve({
      '/heat.mp4': (request, response, send, nth) => (nth <= 2 ? before : after)(request, response, send, nth),
    });
    const changed = fresh();
    await run([`${other}/heat.mp4`], changed, { scratch: '1GiB' });
    // The unit is of the bytes of the second film.
    const hashes: unknown[] = [];
    for await (const { hash } of datasetItems(changed)) hashes.push(hash);
    expect(hashes).toEqual([createHash('sha256').update(second).digest('hex')]);
    expect((await itemsOf(changed)).map(({ id, state }) => [id, state])).toEqual([['heat', 'committed']]);
  });

  it('are listed below s3://, and in a manifest, as in a directory', async () => {
    for (const name of films) put(`clips/${name}`, film(name));
    put('clips/notes.txt', Buffer.from('words'));
    put('other/vertigo.mp4', film('heat.mp4'));
    const said: string[] = [];
    const out = fresh();
    expect((await run(['s3://films/clips/'], out, { onMessage: (line) => said.push(line) })).videos.committed).toBe(3);
    expect(computed(out)).toEqual(computed(near));
    expect(said).toContainEqual('1 file in the directories was skipped: 1 by their extension (.txt)');
    expect((await itemsOf(out)).map(({ path }) => path)).toEqual(
      ['alien.mkv', 'heat.mp4', 'jaws.avi'].map((name) => `s3://films/clips/${name}`),
    );
    // What is not there any more is gone; a cut or a busy store is not.
    objects.objects.delete('clips/jaws.avi');
    put('clips/ran.mp4', film('heat.mp4'));
    objects.fault = ({ method, isList }, index) => {
      if (method !== 'GET' || isList) return undefined;
      return index % 3 === 0 ? 503 : index % 3 === 1 ? 'cut-within' : undefined;
    };
    const again = await run(['s3://films/clips/'], out);
    expect(again.videos).toMatchObject({ committed: 1, alreadyDone: 2, dead: 0 });
    expect(again.inputs?.gone).toEqual(['jaws']);

    const url = await serve(all());
    const manifest = join(directory, 'films.csv');
    writeFileSync(
      manifest,
      `path,item_id\n${url}/heat.mp4,heat\ns3://films/clips/alien.mkv,alien\n${join(clips, 'jaws.avi')},jaws\n`,
    );
    const mixed = fresh();
    await run([], mixed, { manifest });
    expect(computed(mixed)).toEqual(computed(near));
    const none = await run(['s3://films/clips/none.mp4'], fresh());
    expect(none.dead).toMatchObject([{ item: 'none', code: 'not-found' }]);
  });

  it('are in the plan with the room that their copies take, which must be there', async () => {
    const url = await serve(all());
    const inputs = films.map((name) => `${url}/${name}`);
    const options = { inputs, visual: network, audio: 'none', memory: '1GiB' } as const;
    const { scratch, estimate } = await plannedExtraction({ ...options, scratch: '1MiB' });
    expect(scratch).toMatchObject({ items: 3, bytes: 2 ** 20, directory: temporary });
    expect(estimate).toMatchObject({ items: 3, probed: 3, unreadable: 0 });
    const near = await plannedExtraction({ ...options, inputs: films.map((name) => join(clips, name)) });
    expect(estimate).toEqual(near.estimate);
    await expect(plannedExtraction({ ...options, scratch: '1000TiB' })).rejects.toMatchObject({ option: 'scratch' });
    await expect(runWorker({ queue: 'redis://127.0.0.1:1', out: fresh(), scratch: '1000TiB' })).rejects.toMatchObject({
      option: 'scratch',
    });
  });

  it('that are replaced after they were listed are what they are now', async () => {
    const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const [before, after] = [film('heat.mp4'), film('alien.mkv')];
    put('clips/heat.mp4', before, '"before"');
    const copies = new InputCopies();
    const fingerprints = await Fingerprints.open();
    for await (const { content } of videos('s3://films/clips/', { copies })) {
      expect(await fingerprints.of(content)).toBe(hashOf(before));
      put('clips/heat.mp4', after, '"after"');
      expect(await fingerprints.of(content)).toBe(hashOf(after));
      expect(fingerprints.known(content)).toBe(hashOf(after));
    }
    await copies.close();
  });

  it('that are finished are seen to be so by a shard that takes over, whoever claims them', async () => {
    for (const name of films) put(`clips/${name}`, film(name));
    const out = fresh();
    const shard = { shard: { index: 0, count: 1 }, steal: true };
    expect((await run(['s3://films/clips/'], out, shard)).videos.committed).toBe(3);
    const claims = new Claims(out);
    await claims.take('heat');
    expect((await run(['s3://films/clips/'], out, shard)).videos.alreadyDone).toBe(3);
    claims.release('heat');
    await claims.close();
  });

  it.each(['https://me:secret@films.example.org/heat.mp4', 'https://films.example.org/heat.mp4?***', 'gopher://x/y'])(
    '%s is refused before anything is opened',
    async (input) => {
      const refused = run([input], fresh());
      await expect(refused).rejects.toMatchObject({ name: 'UsageError' });
      await expect(refused).rejects.toThrow(/^(?!.*secret)/);
    },
  );
});
