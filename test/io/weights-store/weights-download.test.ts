import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadFile, type WeightsDownloadOptions } from '../../../src/io/weights-store/weights-download.ts';
import { type Behaviour, type FileServer, keptIn, serveFiles, wholeFile } from '../../fixtures/file-server.ts';

const bytes = Buffer.alloc(3_000_000);
for (let index = 0; index < bytes.length; index += 1) bytes[index] = (index * 2654435761) >>> 24;
const sha256 = createHash('sha256').update(bytes).digest('hex');

let folder: string;
let server: FileServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const serve = async (behaviour: Behaviour) => {
  server = await serveFiles({ '/file': behaviour });
};
const download = (options: Partial<WeightsDownloadOptions> = {}) =>
  downloadFile(`${server.url}/file`, {
    folder,
    sha256Prefix: sha256.slice(0, 8),
    retrySeconds: 0.01,
    timeoutSeconds: 5,
    remedy: 'Bring the file.',
    ...options,
  });
/** Downloads, checks every byte, and puts the part away. */
const downloadWhole = async (options: Partial<WeightsDownloadOptions> = {}) => {
  const file = await download(options);
  expect(file).toMatchObject({ sha256, bytes: bytes.length });
  expect(readFileSync(file.path).equals(bytes)).toBe(true);
  await file.release();
  expect(readdirSync(folder)).toEqual([]);
};
const served = () => server.requests.map(({ bodyBytes }) => bodyBytes);
const ranges = () => server.requests.map(({ range }) => range);
const partBytes = () => keptIn(folder);

describe('a download', () => {
  it('is the whole file, asked for once', async () => {
    await serve(wholeFile(bytes));
    const seen: number[] = [];
    await downloadWhole({ bytes: bytes.length, onBytes: (done) => seen.push(done) });
    expect(server.requests).toHaveLength(1);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it('ends well without a stated length', async () => {
    await serve(wholeFile(bytes, { withoutLength: true }));
    await downloadWhole();
  });

  it('that is cut continues where it was cut, so that no byte is served twice', async () => {
    await serve(wholeFile(bytes, { kept: partBytes, cutAfter: (nth) => [1_000_000, 700_000][nth - 1] }));
    await downloadWhole();
    expect(ranges()).toEqual([undefined, 'bytes=1000000-', 'bytes=1700000-']);
    expect(server.requests.map(({ ifRange }) => ifRange)).toEqual([undefined, '"first"', '"first"']);
    expect(served()).toEqual([1_000_000, 700_000, 1_300_000]);
  });

  it('that failed is resumed by a later run', async () => {
    await serve(wholeFile(bytes, { kept: partBytes, cutAfter: (nth) => (nth === 1 ? 900_000 : undefined) }));
    await expect(download({ attempts: 1 })).rejects.toMatchObject({ code: 'download', remedy: 'Bring the file.' });
    expect(partBytes()).toBe(900_000);
    await downloadWhole();
    expect(served()).toEqual([900_000, 2_100_000]);
  });

  it('begins again when the server ignores ranges', async () => {
    await serve(
      wholeFile(bytes, { ignoreRanges: true, kept: partBytes, cutAfter: (nth) => (nth === 1 ? 1_200_000 : undefined) }),
    );
    await downloadWhole();
    expect(served()).toEqual([1_200_000, bytes.length]);
  });

  it('begins again when the file has changed, by its ETag', async () => {
    const other = Buffer.alloc(bytes.length, 7);
    const [first, second] = [
      wholeFile(other, { kept: partBytes, cutAfter: () => 1_000_000 }),
      wholeFile(bytes, { etag: () => '"second"' }),
    ];
    await serve((request, response, send, nth) => (nth === 1 ? first : second)(request, response, send, nth));
    await downloadWhole();
    expect(served()).toEqual([1_000_000, bytes.length]);
  });

  it('begins again when the server sends a part with another ETag all the same', async () => {
    await serve((request, response, send, nth) => {
      if (nth === 1)
        return wholeFile(Buffer.alloc(bytes.length, 7), { kept: partBytes, cutAfter: () => 500_000 })(
          request,
          response,
          send,
          nth,
        );
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(start > 0 ? 206 : 200, start > 0 ? { etag: '"second"', ...range } : { etag: '"second"' });
      send(bytes.subarray(start));
      response.end();
    });
    await downloadWhole();
    expect(ranges()).toEqual([undefined, 'bytes=500000-', undefined]);
  });

  it('is not continued with where the server names no strong validator', async () => {
    await serve(
      wholeFile(bytes, {
        etag: () => 'W/"weak"',
        kept: partBytes,
        cutAfter: (nth) => (nth === 1 ? 800_000 : undefined),
      }),
    );
    await downloadWhole();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it('begins again when the server has nothing after the part (416)', async () => {
    await serve((request, response, send, nth) => {
      const shorter = bytes.subarray(0, 400_000);
      if (nth === 2) return wholeFile(shorter)(request, response, send, nth);
      return wholeFile(bytes, { kept: partBytes, cutAfter: () => (nth === 1 ? 800_000 : undefined) })(
        request,
        response,
        send,
        nth,
      );
    });
    await downloadWhole();
    expect(served()).toEqual([800_000, 0, bytes.length]);
  });

  it('asks nothing of the server when the whole file was here already and only its check was missing', async () => {
    await serve(wholeFile(bytes));
    const stop = new AbortController();
    const started = download({ signal: stop.signal, onBytes: (done) => done === bytes.length && stop.abort() });
    await expect(started).rejects.toMatchObject({ code: 'aborted' });
    await downloadWhole();
    expect(server.requests).toHaveLength(1);
  });
});

describe('what is wrong with a file', () => {
  it('another hash: both are named, and the part is removed', async () => {
    await serve(wholeFile(bytes));
    await expect(download({ sha256Prefix: 'deadbeef' })).rejects.toMatchObject({
      code: 'hash',
      message: expect.stringMatching(new RegExp(`${sha256}.*deadbeef`)),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('another size than the file has: nothing of it is taken', async () => {
    await serve(wholeFile(bytes));
    await expect(download({ bytes: 2_999_999 })).rejects.toThrow(/has 3000000 bytes, but the file has 2999999/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('more bytes than the file has, unannounced: it is cut off', async () => {
    await serve(wholeFile(bytes, { withoutLength: true }));
    await expect(download({ bytes: 1000 })).rejects.toThrow(/sends more than 1000 bytes/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('fewer bytes than the file has, unannounced', async () => {
    await serve(wholeFile(bytes, { withoutLength: true, etag: () => undefined }));
    await expect(download({ bytes: 4_000_000, attempts: 2 })).rejects.toThrow(/ended after 3000000 of 4000000 bytes/);
  });

  it('an encoded body', async () => {
    await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
    await expect(download()).rejects.toThrow(/with encoding 'gzip'/);
  });
});
