import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addWeights } from '../../../src/io/weights-store/add-weights.ts';
import { removeWeights } from '../../../src/io/weights-store/remove-weights.ts';
import { stageFile } from '../../../src/io/weights-store/stage-file.ts';
import { allStoredWeights, storedWeights, weightsDirectory } from '../../../src/io/weights-store/weights-store.ts';

let directory: string;
let files: string;
beforeEach(() => {
  files = mkdtempSync(join(tmpdir(), 'model-store-'));
  directory = join(files, 'data', 'models');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(files, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function add(name: string, content: string, replace = false, origin = 'weights.pth') {
  const path = join(files, `source-${sha256(content).slice(0, 8)}`);
  writeFileSync(path, content);
  return addWeights(name, await stageFile(path, { directory }), {
    origin,
    replace,
    directory,
    licence: 'BSD-3-Clause',
  });
}

describe('where the store is', () => {
  it('is the option, then the variable, then the XDG data folder, then the home folder', () => {
    vi.stubEnv('REELFLOW_WEIGHTS_DIR', '/data/nets');
    vi.stubEnv('XDG_DATA_HOME', '/xdg');
    expect(weightsDirectory('/own')).toBe('/own');
    expect(weightsDirectory()).toBe('/data/nets');
    vi.stubEnv('REELFLOW_WEIGHTS_DIR', '');
    expect(weightsDirectory()).toBe('/xdg/reelflow/models');
    vi.stubEnv('XDG_DATA_HOME', 'not/absolute');
    expect(weightsDirectory()).toBe(join(homedir(), '.local/share/reelflow/models'));
  });
});

describe('stored weights', () => {
  it('is the bytes that were added, with their hash, size, origin and licence', async () => {
    const { outcome, weights } = await add('alexnet', 'weights');
    expect(outcome).toBe('added');
    const found = storedWeights('alexnet', directory);
    expect(found).toEqual(weights);
    expect(found).toMatchObject({ name: 'alexnet', sha256: sha256('weights'), bytes: 7, origin: 'weights.pth' });
    expect(found?.licence).toBe('BSD-3-Clause');
    expect(readFileSync(found?.path ?? '', 'utf8')).toBe('weights');
    expect(found?.path.endsWith('.pth')).toBe(true);
    expect(Math.abs(Date.parse(found?.added ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('can be read by its owner alone', async () => {
    const { weights } = await add('alexnet', 'weights');
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(weights.path)).toBe('600');
    expect(mode(join(directory, 'alexnet', 'record.json'))).toBe('600');
    expect([mode(directory), mode(join(directory, 'alexnet')), mode(join(files, 'data'))]).toEqual([
      '700',
      '700',
      '700',
    ]);
  });

  it('is none where nothing was added, also where there is no store', () => {
    expect(storedWeights('alexnet', directory)).toBeUndefined();
    expect(allStoredWeights(directory)).toEqual([]);
  });

  it('stays when the same file is added again', async () => {
    const first = await add('alexnet', 'weights');
    const again = await add('alexnet', 'weights', false, 'other-name.pth');
    expect(again).toEqual({ outcome: 'same', weights: first.weights });
    expect(readdirSync(join(directory, 'alexnet'))).toHaveLength(2);
  });

  it('is replaced by another file only when that is asked for', async () => {
    await add('alexnet', 'weights');
    await expect(add('alexnet', 'others')).rejects.toMatchObject({ code: 'weights', remedy: /`replace: true`/ });
    expect(storedWeights('alexnet', directory)?.sha256).toBe(sha256('weights'));
    expect((await add('alexnet', 'others', true)).outcome).toBe('replaced');
    expect(storedWeights('alexnet', directory)?.sha256).toBe(sha256('others'));
    expect(readdirSync(join(directory, 'alexnet'))).toHaveLength(2);
    expect(readdirSync(join(directory, '.staging'))).toEqual([]);
  });

  it('is gone when removed, and the others stay', async () => {
    await add('alexnet', 'weights');
    await add('vggish', 'sound');
    expect(await removeWeights('alexnet', directory)).toBe(true);
    expect(await removeWeights('alexnet', directory)).toBe(false);
    expect(allStoredWeights(directory).map(({ name }) => name)).toEqual(['vggish']);
  });
});

describe('adding at the same time', () => {
  it('without replacing lets exactly one of different files win, and leaves nothing else behind', async () => {
    const contents = Array.from({ length: 12 }, (_, index) => `content ${index}`);
    const results = await Promise.allSettled(contents.map((content) => add('alexnet', content)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    expect(storedWeights('alexnet', directory)?.sha256).toBe(sha256(contents[winner] as string));
    expect(readdirSync(join(directory, 'alexnet'))).toHaveLength(2);
  });

  it('with replacing leaves a whole model at every moment', async () => {
    await add('alexnet', 'start');
    let running = true;
    const seen = new Set<string>();
    const reading = (async () => {
      while (running) {
        const model = storedWeights('alexnet', directory);
        seen.add(model?.sha256 ?? 'none');
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const contents = Array.from({ length: 20 }, (_, index) => `content ${index}`);
    await Promise.all(contents.map((content) => add('alexnet', content, true)));
    running = false;
    await reading;
    expect(seen.has('none')).toBe(false);
    const last = storedWeights('alexnet', directory);
    expect(sha256(readFileSync(last?.path ?? ''))).toBe(last?.sha256);
  });
});

describe('what is damaged is named with a remedy', () => {
  const record = () => join(directory, 'alexnet', 'record.json');
  const problem = () => expect(() => storedWeights('alexnet', directory));

  it('a weight file that is missing or has another size', async () => {
    const { weights } = await add('alexnet', 'weights');
    truncateSync(weights.path, 3);
    problem().toThrow(/has 3 bytes where 7 were stored/);
    rmSync(weights.path);
    problem().toThrow(
      expect.objectContaining({
        code: 'weights',
        message: expect.stringContaining('is missing'),
        remedy: expect.stringContaining('replace: true'),
      }),
    );
    expect((await add('alexnet', 'weights', true)).weights.bytes).toBe(7);
    expect(storedWeights('alexnet', directory)?.bytes).toBe(7);
  });

  it('a record whose file lies elsewhere', async () => {
    await add('alexnet', 'weights');
    const value = JSON.parse(readFileSync(record(), 'utf8'));
    for (const file of ['../../../etc/passwd', '/etc/passwd', 'record.json', 7]) {
      writeFileSync(record(), JSON.stringify({ ...value, file }));
      problem().toThrow(/`file` of its record/);
    }
  });

  it('whatever bytes a record has', async () => {
    await add('alexnet', 'weights');
    const whole = readFileSync(record());
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 40 }), (at, bytes) => {
        writeFileSync(record(), Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + bytes.length)]));
        try {
          const model = storedWeights('alexnet', directory);
          expect(model?.bytes).toBe(7);
        } catch (error) {
          expect(error).toMatchObject({
            name: 'ModelError',
            code: 'weights',
            remedy: expect.stringContaining('alexnet'),
          });
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('names', () => {
  it('that lead out of the store are refused, for reading, adding and removing', async () => {
    mkdirSync(directory, { recursive: true });
    for (const name of ['', '.', '..', '../x', 'a/b', '/etc', 'a\0b', '.staging', 'Alex Net', 'x'.repeat(65)]) {
      expect(() => storedWeights(name, directory)).toThrow(/1 to 64 lower-case letters/);
      await expect(add(name, 'weights')).rejects.toThrow(/1 to 64 lower-case letters/);
      await expect(removeWeights(name, directory)).rejects.toThrow(/1 to 64 lower-case letters/);
    }
  });
});
