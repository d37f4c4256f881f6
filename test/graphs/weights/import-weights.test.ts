import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importWeights, plannedImport } from '../../../src/graphs/weights/import-weights.ts';
import { listNetworks } from '../../../src/graphs/weights/list-networks.ts';
import { verifyWeights } from '../../../src/graphs/weights/verify-weights.ts';
import { storedWeights } from '../../../src/io/weights-store/weights-store.ts';
import { writeStateDict } from '../../fixtures/state-dict.ts';

let files: string;
let directory: string;
beforeEach(() => {
  files = mkdtempSync(join(tmpdir(), 'import-model-'));
  directory = join(files, 'models');
});
afterEach(() => rmSync(files, { recursive: true, force: true }));

const path = (name: string) => join(files, name);
const bring = (file: string, more: { replace?: boolean; sha256?: string; name?: string } = {}) =>
  importWeights({ name: 'squeezenet1_1', file: path(file), directory, ...more });
/** Nothing was stored, and nothing is left over. */
const isUntouched = () => {
  expect(storedWeights('squeezenet1_1', directory)).toBeUndefined();
  if (existsSync(join(directory, '.staging'))) expect(readdirSync(join(directory, '.staging'))).toEqual([]);
};

describe('importing weights', () => {
  it('stores the file under its network, and says what it is', async () => {
    const sha256 = writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    const report = await bring('own.safetensors');
    expect(report).toMatchObject({ outcome: 'added', sha256, origin: 'own.safetensors', format: 'safetensors' });
    expect(report.licence).toBeUndefined();
    expect(report.tensors).toBe(50);
    expect(report.lackingLayers).toEqual(['logits']);
    expect(readFileSync(report.path).equals(readFileSync(path('own.safetensors')))).toBe(true);
    const listed = listNetworks(directory).networks.filter(({ weights }) => weights !== undefined);
    expect(listed.map(({ name, weights }) => [name, weights?.sha256])).toEqual([['squeezenet1_1', sha256]]);
  });

  it('of the same file again changes nothing, and other weights need `replace`', async () => {
    writeStateDict(path('first.safetensors'), 'squeezenet1_1', 1);
    const other = writeStateDict(path('second.safetensors'), 'squeezenet1_1', 2);
    const first = await bring('first.safetensors');
    expect(await bring('first.safetensors')).toEqual({ ...first, outcome: 'same' });
    await expect(bring('second.safetensors')).rejects.toMatchObject({ code: 'weights', remedy: /`replace: true`/ });
    expect(await bring('second.safetensors', { replace: true })).toMatchObject({ outcome: 'replaced', sha256: other });
  });

  it('is told beforehand, by what would be refused, and nothing is written', async () => {
    const sha256 = writeStateDict(path('first.safetensors'), 'squeezenet1_1', 1);
    writeStateDict(path('second.safetensors'), 'squeezenet1_1', 2);
    const plan = (file: string, more = {}) =>
      plannedImport({ name: 'squeezenet1_1', file: path(file), directory, ...more });
    const folder = join(directory, 'squeezenet1_1');
    expect(await plan('first.safetensors')).toMatchObject({ outcome: 'added', sha256, path: folder });
    expect(existsSync(directory)).toBe(false);
    const { path: stored } = await bring('first.safetensors');
    const before = readdirSync(folder);
    expect(await plan('first.safetensors')).toMatchObject({ outcome: 'same', path: stored });
    await expect(plan('second.safetensors')).rejects.toMatchObject({ code: 'weights', remedy: /`replace: true`/ });
    expect(await plan('second.safetensors', { replace: true })).toMatchObject({ outcome: 'replaced' });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('of another network is refused before anything is copied, naming tensors', async () => {
    writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    await expect(bring('own.safetensors', { name: 'squeezenet1_0' })).rejects.toMatchObject({
      code: 'weights',
      message: expect.stringContaining('features.0.weight is [64, 3, 3, 3] instead of [96, 3, 7, 7]'),
    });
    expect(existsSync(directory)).toBe(false);
  });

  it('checks the hash that PyTorch Hub puts into file names', async () => {
    const sha256 = writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    renameSync(path('own.safetensors'), path('squeezenet1_1-b8a52dc0.safetensors'));
    await expect(bring('squeezenet1_1-b8a52dc0.safetensors')).rejects.toMatchObject({
      code: 'hash',
      message: expect.stringMatching(new RegExp(`${sha256}.*b8a52dc0`)),
    });
    isUntouched();
    renameSync(path('squeezenet1_1-b8a52dc0.safetensors'), path(`squeezenet1_1-${sha256.slice(0, 8)} (1).safetensors`));
    expect((await bring(`squeezenet1_1-${sha256.slice(0, 8)} (1).safetensors`)).outcome).toBe('added');
  });

  it('checks the hash that is asked for', async () => {
    const sha256 = writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    await expect(bring('own.safetensors', { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'hash' });
    await expect(bring('own.safetensors', { sha256: 'abc' })).rejects.toThrow(/64 hexadecimal digits/);
    isUntouched();
    expect((await bring('own.safetensors', { sha256: sha256.toUpperCase() })).sha256).toBe(sha256);
  });

  it('refuses what is not a weight file, is missing, is a folder, or has no such name', async () => {
    writeFileSync(path('text.pth'), 'not weights');
    await expect(bring('text.pth')).rejects.toMatchObject({ name: 'ModelError', code: 'weights' });
    await expect(bring('missing.pth')).rejects.toMatchObject({ name: 'ModelError', code: 'weights' });
    await expect(bring('.')).rejects.toMatchObject({ name: 'ModelError', code: 'weights' });
    await expect(bring('text.pth', { name: '../alexnet' })).rejects.toMatchObject({
      name: 'UsageError',
      remedy: /squeezenet1_1.*vggish-pca/,
    });
    isUntouched();
  });
});

describe('verifying', () => {
  it('finds a file of which one byte has changed, and names the remedy', async () => {
    writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    const { path: stored } = await bring('own.safetensors');
    expect(await verifyWeights({ directory })).toMatchObject([{ name: 'squeezenet1_1', whole: true }]);
    const bytes = readFileSync(stored);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(stored, bytes);
    const [found] = await verifyWeights({ directory, name: 'squeezenet1_1' });
    expect(found).toMatchObject({ whole: false, problem: expect.stringContaining('has SHA-256') });
    expect(found?.remedy).toMatch(/pullWeights\(\{ name: 'squeezenet1_1', replace: true \}\)/);
    await bring('own.safetensors', { replace: true });
    expect(await verifyWeights({ directory })).toMatchObject([{ whole: true }]);
  });

  it('finds nothing where nothing is stored, and says so of a name', async () => {
    expect(await verifyWeights({ directory })).toEqual([]);
    await expect(verifyWeights({ directory, name: 'alexnet' })).rejects.toMatchObject({
      code: 'weights',
      remedy: /pullWeights\(\{ name: 'alexnet' \}\)/,
    });
  });
});

const python = '/usr/bin/python3';
const hasTorch = (() => {
  try {
    execFileSync(python, ['-c', 'import torch, torchvision'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(hasTorch)('a state dict that PyTorch wrote (skipped without python3-torchvision)', () => {
  it('is imported, in both layouts, as torchvision would publish it', async () => {
    const script = `import sys, torch, torchvision
torch.manual_seed(1)
model = torchvision.models.squeezenet1_1()
torch.save(model.state_dict(), sys.argv[1])
torch.save(model.state_dict(), sys.argv[2], _use_new_zipfile_serialization=False)`;
    execFileSync(python, ['-c', script, path('zip.pth'), path('legacy.pth')]);
    for (const [layout, format] of [
      ['zip', 'pth'],
      ['legacy', 'pth-legacy'],
    ]) {
      const digits = createHash('sha256')
        .update(readFileSync(path(`${layout}.pth`)))
        .digest('hex')
        .slice(0, 8);
      renameSync(path(`${layout}.pth`), path(`squeezenet1_1-${digits}.pth`));
      expect(await bring(`squeezenet1_1-${digits}.pth`, { replace: true })).toMatchObject({ format, tensors: 52 });
    }
  });
});

const pca = join(import.meta.dirname, '../../../../shared/data/networks/vggish/vggish_pca_params.npz');
describe.runIf(existsSync(pca))("the parameters of VGGish's post-processing (skipped without ../shared)", () => {
  it('are stored under a name of their own, and no other file is', async () => {
    const report = await importWeights({ name: 'vggish-pca', file: pca, directory });
    expect(report).toMatchObject({ outcome: 'added', format: 'npz', tensors: 2, bytes: 73_020 });
    expect(listNetworks(directory).postprocessing[0]?.weights?.sha256).toBe(report.sha256);
    writeStateDict(path('own.safetensors'), 'squeezenet1_1');
    await expect(bring('own.safetensors', { name: 'vggish-pca' })).rejects.toThrow(
      /missing: pca_eigen_vectors \[128, 128\]/,
    );
  });
});
