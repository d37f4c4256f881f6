import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopback } from '../../../src/core/loopback.ts';
import { redirectTarget } from '../../../src/io/http/redirects.ts';
import { downloadFile, type WeightsDownloadOptions } from '../../../src/io/weights-store/weights-download.ts';
import { type Behaviour, type FileServer, keptIn, serveFiles, wholeFile } from '../../fixtures/file-server.ts';

const bytes = Buffer.from('weights of a small network '.repeat(20_000));
const sha256 = createHash('sha256').update(bytes).digest('hex');

let folder: string;
let server: FileServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const settings = { sha256Prefix: sha256, retrySeconds: 0.01, timeoutSeconds: 5, remedy: 'Bring the file.' };
const download = async (behaviours: Record<string, Behaviour>, options: Partial<WeightsDownloadOptions> = {}) => {
  server = await serveFiles(behaviours);
  const file = await downloadFile(`${server.url}/file`, { folder, ...settings, ...options });
  expect(readFileSync(file.path).equals(bytes)).toBe(true);
  await file.release();
};
const redirect =
  (location: string, status = 302): Behaviour =>
  (_, response) =>
    response.writeHead(status, { location }).end();

describe('redirects', () => {
  it('to a file of the same machine are followed, relative ones too', async () => {
    await download({ '/file': redirect('/moved'), '/moved': redirect('deep/er', 308), '/deep/er': wholeFile(bytes) });
    expect(server?.requests.map(({ path }) => path)).toEqual(['/file', '/moved', '/deep/er']);
  });

  it.each([
    'http://example.org/file',
    'ftp://127.0.0.1/file',
    'file:///etc/passwd',
    'data:text/plain,weights',
    'javascript:1',
    'https://user:secret@example.org/file',
  ])('to %s are refused', async (location) => {
    await expect(download({ '/file': redirect(location) })).rejects.toMatchObject({
      code: 'download',
      message: expect.stringContaining('which is not allowed'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('never lead from https to plain http, or from the network to this machine', () => {
    const source = new URL('https://example.org/file');
    const rules = { remedy: 'Give another one.', plain: false, private: false };
    for (const location of ['http://example.org/file', 'http://127.0.0.1/', 'https://localhost/', 'https://[::1]/']) {
      expect(() => redirectTarget(source, location, rules)).toThrow(/which is not allowed/);
    }
    expect(redirectTarget(source, '//mirror.example.org/x', rules).href).toBe('https://mirror.example.org/x');
    expect(['127.1', '0x7f.1', '2130706433'].map((host) => isLoopback(new URL(`http://${host}`).hostname))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('that go round in a circle end after five, and one without a target at once', async () => {
    await expect(download({ '/file': redirect('/file') })).rejects.toThrow(/redirects more than 5 times/);
    expect(server?.requests).toHaveLength(6);
    await server?.close();
    await expect(download({ '/file': (_, response) => response.writeHead(302).end() })).rejects.toThrow(
      /without saying where/,
    );
  });

  it('do not show the query of an address, which may be a signature', async () => {
    const refused = download({ '/file': redirect('http://example.org/file?signature=secret') });
    await expect(refused).rejects.toThrow(/^(?!.*secret)/);
  });
});

describe('answers', () => {
  it('404 and 403 are final, with the remedy', async () => {
    await expect(download({})).rejects.toMatchObject({
      code: 'download',
      message: expect.stringContaining('answers 404, there is no such file'),
      remedy: 'Bring the file.',
    });
    expect(server?.requests).toHaveLength(1);
    await server?.close();
    await expect(download({ '/file': (_, response) => response.writeHead(403).end() })).rejects.toThrow(/answers 403/);
  });

  it('429 is tried again after the pause that it asks for', async () => {
    const pauses: string[] = [];
    const busy: Behaviour = (request, response, send, nth) => {
      if (nth > 1) return wholeFile(bytes)(request, response, send, nth);
      return response.writeHead(429, { 'retry-after': '1' }).end();
    };
    const start = Date.now();
    await download({ '/file': busy }, { onMessage: (line) => pauses.push(line) });
    expect(Date.now() - start).toBeGreaterThan(990);
    expect(pauses).toEqual([expect.stringMatching(/answers 429; trying again in 1 s from the start/)]);
  });

  it('that ask for a pause of hours are not waited for', async () => {
    const busy: Behaviour = (_, response) => response.writeHead(503, { 'retry-after': '7200' }).end();
    await expect(download({ '/file': busy })).rejects.toThrow(/answers 503; it asks to wait 7200 s/);
  });

  it('of a server in trouble are tried again, and given up after so many tries', async () => {
    const broken: Behaviour = (request, response, send, nth) =>
      nth <= 3 ? response.writeHead(502).end() : wholeFile(bytes)(request, response, send, nth);
    await download({ '/file': broken });
    expect(server?.requests).toHaveLength(4);
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
    await expect(download({ '/file': broken }, { attempts: 3 })).rejects.toThrow(/gave up after 3 tries/);
    expect(server?.requests).toHaveLength(3);
  });
});

describe('connections', () => {
  it('that fall silent in the middle time out, and the file is resumed', async () => {
    const stalling = wholeFile(bytes, { cutAfter: (nth) => (nth === 1 ? 100_000 : undefined) });
    await download({ '/file': stalling }, { timeoutSeconds: 0.3 });
    const [first, ...later] = server?.requests ?? [];
    // A machine that is busy for longer than the limit makes it fall silent once more, and continue
    // from further.
    expect([first?.range, later.length > 0]).toEqual([undefined, true]);
    for (const { range } of later) expect(range).toMatch(/^bytes=\d+-$/);
  });

  it('that never answer time out', async () => {
    const silent = download({ '/file': () => {} }, { timeoutSeconds: 0.1, attempts: 2 });
    await expect(silent).rejects.toThrow(/did not respond within 0\.1 s; gave up after 2 tries/);
  });

  it('that are refused say so at once, with the remedy', async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = probe.address() as { port: number };
        probe.close(() => resolve(free));
      });
    });
    await expect(downloadFile(`http://127.0.0.1:${port}/file`, { folder, ...settings })).rejects.toMatchObject({
      code: 'download',
      message: expect.stringMatching(/cannot be reached: .*connection refused/),
      remedy: 'Bring the file.',
    });
  });

  it('keep their part when the user interrupts', async () => {
    const stop = new AbortController();
    const stalling = wholeFile(bytes, { cutAfter: (nth) => (nth === 1 ? 200_000 : undefined) });
    const onBytes = (done: number) => done === 200_000 && stop.abort();
    await expect(download({ '/file': stalling }, { signal: stop.signal, onBytes })).rejects.toMatchObject({
      name: 'FlowError',
      code: 'aborted',
    });
    await server?.close();
    const [part = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, part, 'body.part')).equals(bytes.subarray(0, 200_000))).toBe(true);
  });
});

describe('parts', () => {
  const cutOnce = (etag: string | undefined) =>
    wholeFile(bytes, {
      etag: () => etag,
      kept: () => keptIn(folder),
      cutAfter: (nth) => (nth === 1 ? 200_000 : undefined),
    });

  it.each([undefined, 'W/"weak"'])('with ETag %j are not kept, and no message promises it', async (etag) => {
    const lines: string[] = [];
    await expect(download({ '/file': cutOnce(etag) }, { attempts: 1 })).rejects.toThrow(
      /gave up after 1 try without progress$/,
    );
    expect(readdirSync(folder)).toEqual([]);
    await server?.close();
    await download({ '/file': cutOnce(etag) }, { onMessage: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringMatching(/was cut.*from the start$/)]);
  });

  it('of any address that nobody added to for 30 days are swept away; younger ones stay', async () => {
    const day = 86_400_000;
    for (const [key, age] of [
      ['a'.repeat(32), 31],
      ['b'.repeat(32), 29],
      [`${'c'.repeat(32)}~elsewhere~12~34~ab`, 31],
    ] as const) {
      mkdirSync(join(folder, key));
      writeFileSync(join(folder, key, 'body.part'), 'part');
      utimesSync(join(folder, key, 'body.part'), new Date(), new Date(Date.now() - age * day));
    }
    mkdirSync(join(folder, 'notes'));
    await download({ '/file': wholeFile(bytes) });
    expect(readdirSync(folder).sort()).toEqual(['b'.repeat(32), 'notes']);
  });
});

describe('settings', () => {
  it.each([0, -1, Number.NaN, 86_401, 1e8])(
    'a time limit of %s s is refused before anything is asked',
    async (limit) => {
      await expect(download({ '/file': wholeFile(bytes) }, { timeoutSeconds: limit })).rejects.toMatchObject({
        name: 'UsageError',
        message: expect.stringContaining('`timeoutSeconds` must be'),
      });
      expect(server?.requests).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('of the most bytes cut off a file that announces no size', async () => {
    const unannounced = wholeFile(bytes, { withoutLength: true });
    await expect(download({ '/file': unannounced }, { mostBytes: 1000 })).rejects.toMatchObject({
      message: expect.stringContaining('sends more than 1000 bytes'),
      remedy: expect.stringContaining('try another source'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('addresses', () => {
  it.each(['http://example.org/x', 'ftp://example.org/x', 'file:///etc/passwd', 'weights.pth', ''])(
    '%j is not a source',
    async (address) => {
      await expect(downloadFile(address, { folder, ...settings })).rejects.toThrow(/`source` must be an https:/);
    },
  );

  it('with a password are refused without showing it', async () => {
    const refused = downloadFile('https://me:secret@example.org/x', { folder, ...settings });
    await expect(refused).rejects.toThrow(/^(?!.*secret).*without a user name/);
  });
});
