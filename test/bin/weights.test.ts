import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeClip } from '../../src/io/media/encode.ts';
import { networkNames } from '../../src/models/networks/network-registry.ts';
import { officialSources } from '../../src/models/networks/official-sources.ts';
import { type FileServer, keptIn, serveFiles, wholeFile } from '../fixtures/file-server.ts';
import { reelflow } from '../fixtures/run-cli.ts';
import { writeStateDict } from '../fixtures/state-dict.ts';
import { writeTinyVisual } from '../fixtures/tiny-networks.ts';

let files: string;
let weights: Buffer;
let sha256: string;
let server: FileServer | undefined;
const frames = Array.from({ length: 5 }, (_, index) => new Uint8Array(64 * 48 * 3).fill(40 * index));
const path = (name: string) => join(files, name);
beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'models-command-'));
  sha256 = writeStateDict(path('own.safetensors'), 'squeezenet1_1');
  weights = readFileSync(path('own.safetensors'));
  writeTinyVisual(files);
  await encodeClip({ path: path('clip.mp4'), width: 64, height: 48, fps: 5, frames });
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(path('store'), { recursive: true, force: true });
});
afterAll(() => rmSync(files, { recursive: true, force: true }));

const models = (args: readonly string[], options: Parameters<typeof reelflow>[1] = {}) =>
  reelflow(['models', ...args], { env: environment(), ...options });
const extract = (out: string, visual: string) =>
  reelflow(
    ['extract', path('clip.mp4'), '--out', path(out), '--visual', visual, '--audio', 'none', '--subclips', '1'],
    {
      env: { REELFLOW_WEIGHTS_DIR: path('store'), REELFLOW_CACHE_DIR: path('cache') },
    },
  );
const name = 'squeezenet1_1';
const pullArguments = () => ['pull', name, '--source', `${server?.url}/file`, '--sha256', sha256, '--timeout', '5'];
const environment = () => ({ REELFLOW_WEIGHTS_DIR: path('store') });
/** Bytes of a download that are on disk. */
const kept = () => keptIn(path('store/.downloads'));
/** Whether the first 2,500,000 bytes of a download are on disk. */
const arrived = () => kept() === 2_500_000;
const stored = () => readdirSync(path(`store/${name}`)).filter((file) => file !== 'record.json');

describe('models import, list and verify', () => {
  it('store a file, show it, and find it whole; then damaged, with exit code 1', async () => {
    const imported = await models(['import', name, path('own.safetensors')]);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(imported.stdout).toMatch(/^squeezenet1_1: stored\n.*own\.safetensors \(safetensors, 50 tensors/);
    expect(imported.stdout).toContain(`SHA-256  ${sha256}`);
    expect((await models(['import', name, path('own.safetensors')])).stdout).toMatch(
      /already stored; nothing was done/,
    );

    const listed = await models(['list']);
    expect(listed.stdout).toContain(`weights: own.safetensors, SHA-256 ${sha256.slice(0, 8)}`);
    const { networks } = JSON.parse((await models(['list', '--json'])).stdout);
    const found = networks.map((entry: { card: { name: string }; weights: unknown }) => [
      entry.card.name,
      entry.weights,
    ]);
    expect(found.filter(([, value]: unknown[]) => value !== null)).toEqual([
      [name, expect.objectContaining({ sha256 })],
    ]);

    expect(await models(['verify'])).toMatchObject({ code: 0, stdout: expect.stringContaining(`${name}: whole`) });
    const file = path(`store/${name}/${stored()[0]}`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 4;
    writeFileSync(file, bytes);
    const damaged = await models(['verify', name]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/DAMAGED.*\n.*weights pull squeezenet1_1 --replace/);
    expect(JSON.parse((await models(['verify', '--json'])).stdout).weights).toMatchObject([{ name, whole: false }]);
  });

  it('of a file whose name could steer a terminal print it without those characters', async () => {
    const evil = 'own\u001b[2J\u202e\u009b1m.safetensors';
    copyFileSync(path('own.safetensors'), path(evil));
    const printed = [await models(['import', name, path(evil)]), await models(['list'])];
    for (const { code, stdout, stderr } of printed) {
      expect(code).toBe(0);
      expect(stdout).toContain('own\ufffd[2J\ufffd\ufffd1m.safetensors');
      expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    const [record] = JSON.parse((await models(['list', '--json'])).stdout).networks.flatMap(
      ({ weights: found }: { weights: { origin: string } | null }) => found ?? [],
    );
    expect(record.origin).toBe('own\ufffd[2J\ufffd\ufffd1m.safetensors');
  });

  it('give a network of that name its weights in extract, and their hash stands in the dataset', async () => {
    await models(['import', name, path('own.safetensors')]);
    const { code, stderr } = await extract('features', name);
    expect([code, stderr]).toEqual([0, expect.stringContaining(sha256.slice(0, 12))]);
    const { models: used } = JSON.parse(readFileSync(path('features/_dataset.json'), 'utf8'));
    expect(used).toMatchObject([{ name, weightsHash: sha256, random: false }]);
  });

  it('are refused where they are used wrongly, with exit code 2', async () => {
    for (const args of [
      [],
      ['fly'],
      ['import', name],
      ['pull'],
      ['list', 'alexnet'],
      ['card'],
      ['list', '--replace'],
      ['verify', '--source', 'https://example.org/x'],
      ['import', 'lenet', path('own.safetensors')],
      ['import', '../x', path('own.safetensors')],
      ['pull', name, '--source', 'http://example.org/x'],
      ['pull', name, '--timeout', 'long'],
      ['pull', name, '--timeout', '1e8'],
    ]) {
      const { code, stdout, stderr } = await models(args);
      expect([args, code, stdout]).toEqual([args, 2, '']);
      expect(stderr).toMatch(/^reelflow: /);
    }
  });
});

describe('models pull', () => {
  it('continues from where an earlier pull was cut, and stores the file', async () => {
    server = await serveFiles({
      '/file': wholeFile(weights, { kept, cutAfter: (nth) => (nth === 1 ? 2_000_000 : undefined) }),
    });
    const pulled = await models([...pullArguments(), '--json']);
    expect(pulled.code).toBe(0);
    expect(pulled.stderr).toMatch(/was cut.*trying again in 1 s from byte 2000000/);
    expect(JSON.parse(pulled.stdout)).toMatchObject({ name, outcome: 'added', sha256, origin: `${server.url}/file` });
    expect(server.requests.map(({ bodyBytes }) => bodyBytes)).toEqual([2_000_000, weights.length - 2_000_000]);
    expect(readdirSync(path('store/.downloads'))).toEqual([]);
    const again = await models(pullArguments());
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was done') });
    expect(server.requests).toHaveLength(2);
  });

  it('keeps what came when it is interrupted, with exit code 130, and the next one continues from it', async () => {
    const behaviour = wholeFile(weights, { cutAfter: (nth) => (nth === 1 ? 2_500_000 : undefined) });
    server = await serveFiles({ '/file': behaviour });
    const interrupted = await models(pullArguments(), {
      send: 'SIGINT',
      when: arrived,
      env: environment(),
    });
    expect(interrupted).toMatchObject({ code: 130, stdout: '' });
    expect(interrupted.stderr).toMatch(/what was downloaded is kept/);
    expect((await models(pullArguments())).code).toBe(0);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=2500000-']);
  });

  it('whose process was killed is resumed, part and all', async () => {
    const behaviour = wholeFile(weights, { cutAfter: (nth) => (nth === 1 ? 2_500_000 : undefined) });
    server = await serveFiles({ '/file': behaviour });
    const killed = await models(pullArguments(), { send: 'SIGKILL', when: arrived, env: environment() });
    expect(killed.signal).toBe('SIGKILL');
    expect((await models(pullArguments())).code).toBe(0);
    expect(server.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=2500000-']);
    expect(readdirSync(path('store/.downloads'))).toEqual([]);
  });

  it('of two processes at once ends well in both, with one whole file', async () => {
    const behaviour = wholeFile(weights);
    server = await serveFiles({
      '/file': (request, response, send, nth) => void setTimeout(() => behaviour(request, response, send, nth), 300),
    });
    const results = await Promise.all([models([...pullArguments(), '--json']), models([...pullArguments(), '--json'])]);
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    const outcomes = results.map(({ stdout }) => JSON.parse(stdout).outcome).sort();
    expect(outcomes).toEqual(['added', 'same']);
    expect(stored()).toHaveLength(1);
    expect((await models(['verify'])).code).toBe(0);
    expect(readdirSync(path('store/.downloads'))).toEqual([]);
  });

  it('takes no file of another hash: both are named, and nothing is kept', async () => {
    server = await serveFiles({ '/file': wholeFile(weights) });
    const { code, stderr } = await models(['pull', name, '--source', `${server.url}/file`]);
    expect(code).toBe(2);
    expect(stderr).toContain(sha256);
    expect(stderr).toContain('b8a52dc0');
    expect(stderr).toContain('[hash]');
    expect(stderr).toContain(`If you want this file, add \`--sha256 ${sha256}\`; otherwise try another source.`);
    expect(readdirSync(path('store/.downloads'))).toEqual([]);
    expect(existsSync(path(`store/${name}`))).toBe(false);
  });

  it('takes no weights of another network, whatever their hash', async () => {
    server = await serveFiles({ '/file': wholeFile(weights) });
    const args = ['pull', 'alexnet', '--source', `${server.url}/file`, '--sha256', sha256];
    const { code, stderr } = await models(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('does not contain the weights of alexnet')]);
    expect(stderr).toContain(`${server.url}/file`);
    expect(stderr).not.toContain('.downloads');
    expect(existsSync(path('store/alexnet'))).toBe(false);
  });

  it('without a network says which file to bring and how, with exit code 1', async () => {
    server = await serveFiles({});
    const { url } = server;
    await server.close();
    const { code, stderr } = await models(['pull', name, '--source', `${url}/file`]);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be reached');
    expect(stderr).toMatch(
      /copy squeezenet1_1-b8a52dc0\.pth \(https:\/\/download\.pytorch\.org\/models\/squeezenet1_1-b8a52dc0\.pth\)/,
    );
    expect(stderr).toContain('reelflow weights import squeezenet1_1 squeezenet1_1-b8a52dc0.pth');
  });

  it('says which file to bring where another one than the official was wanted', async () => {
    server = await serveFiles({});
    const { code, stderr } = await models(pullArguments());
    expect([code, stderr]).toEqual([1, expect.stringContaining('answers 404')]);
    expect(stderr).toContain(`copy the file with SHA-256 ${sha256}`);
    expect(stderr).toContain(`reelflow weights import ${name} FILE --sha256 ${sha256}`);
    expect(stderr).not.toContain('b8a52dc0');
  });

  it('stops a file that is larger than the network could be, long before all of it came', async () => {
    server = await serveFiles({
      '/file': (_, response) => response.writeHead(200, { 'content-length': String(2 ** 30) }).end(),
    });
    const { code, stderr } = await models(pullArguments());
    expect([code, stderr]).toEqual([1, expect.stringMatching(/has 1073741824 bytes, more than the \d{8} that are/)]);
    expect(stderr).toContain('try another source');
  });

  it('has an official https source with a stated hash for every network', () => {
    expect(officialSources.map(({ network }) => network).sort()).toEqual([...networkNames, 'vggish-pca'].sort());
    for (const { url, file, sha256Prefix } of officialSources) {
      expect(url).toMatch(/^https:\/\//);
      expect(url.endsWith(`/${file}`)).toBe(true);
      expect(file).toContain(`-${sha256Prefix}.pth`);
    }
  });
});

describe('weights card', () => {
  it('writes a card, says what it assumed, and extract takes it', async () => {
    copyFileSync(path('tiny-visual.onnx'), path('net.onnx'));
    const made = await models(['card', path('net.onnx')]);
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/from frames of 32 x 32 \(NCHW\) to 6 values of 'features'/);
    expect(made.stdout).toContain('preprocess.channels = "RGB"');
    expect(await extract('of-card', path('net.card.json'))).toMatchObject({ code: 0 });
    const { tables, counts, ...rest } = JSON.parse(readFileSync(path('of-card/_dataset.json'), 'utf8'));
    expect(JSON.stringify(rest)).toContain(JSON.parse(readFileSync(path('net.card.json'), 'utf8')).sha256);
    const again = await models(['card', path('net.onnx'), '--json']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('already exists')]);
    const replaced = await models(['card', path('net.onnx'), '--json', '--replace']);
    expect(JSON.parse(replaced.stdout).assumptions).toHaveLength(5);
  });

  it.each([
    ['-dash.onnx', '--visual ./-dash.card.json'],
    ["two words' end.onnx", "--visual 'two words'\\'' end.card.json'"],
    ['plain.onnx', '--visual plain.card.json'],
  ])('of %j says how its card is typed', async (file, use) => {
    copyFileSync(path('tiny-visual.onnx'), path(file));
    const { code, stdout } = await models(['card', '--replace', '--', file], { cwd: files, env: environment() });
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, `Use: ${use}`]);
  });
});
