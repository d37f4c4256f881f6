import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/core/errors.ts';
import { readWeights } from '../../../src/models/weights/weight-file.ts';
import { type Python, writePickle } from '../../fixtures/weights/pickle-writer.ts';
import { floatStorage, pthLegacy, pthZip, stateDict } from '../../fixtures/weights/pth-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const folder = temporaryFolder();
const storage = floatStorage('0', [1, 2, 3, 4, 5, 6]);
const path = join(folder, 'weights.pth');
const layouts = ['zip', 'legacy'] as const;

function read(layout: 'zip' | 'legacy', value: Python, storages = [storage]) {
  writeFileSync(path, joined(layout === 'zip' ? pthZip(value, storages) : pthLegacy(value, storages)));
  return readWeights(path);
}

function refusal(action: () => unknown): ModelError {
  try {
    action();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A `.pth` file of the zip layout around a pickle given as bytes. */
function readPickleBytes(...parts: (string | readonly number[] | Buffer)[]) {
  const bytes = Buffer.concat([Buffer.from([0x80, 2]), ...parts.map((part) => Buffer.from(part as string, 'latin1'))]);
  writeFileSync(path, joined(writeZip([zipContent('a/data.pkl', bytes)])));
  return refusal(() => readWeights(path));
}

describe.each(layouts)('a .pth file in the %s layout', (layout) => {
  const one = { name: 'weight', storage, shape: [2, 3] };
  const dictionary = stateDict([one], layout, [
    ['epoch', 3],
    ['loss', 0.5],
    ['notes', { list: ['a', null, true] }],
  ]);

  it('gives the tensors of its dictionary and leaves out what is none', () => {
    expect([...read(layout, dictionary).tensors.keys()]).toEqual(['weight']);
  });

  it.each(['state_dict', 'model'])('finds the dictionary of a checkpoint under %s', (key) => {
    const file = read(layout, {
      dictionary: [
        ['epoch', 12],
        [key, dictionary],
      ],
    });
    expect([...file.tensors.keys()]).toEqual(['weight']);
  });

  it('is found where the checkpoint keeps other tensors beside it, and before smaller dictionaries inside it', () => {
    const loose = { name: 'best_acc1', storage, shape: [] };
    const two = [
      { ...one, name: 'a' },
      { ...one, name: 'b' },
    ];
    const checkpoint = stateDict([loose], layout, [
      ['epoch', 3],
      ['state_dict', stateDict(two, layout)],
    ]);
    expect([...read(layout, checkpoint).tensors.keys()]).toEqual(['a', 'b']);
    const flat = stateDict(two, layout, [['model', stateDict([loose], layout)]]);
    expect([...read(layout, flat).tensors.keys()]).toEqual(['a', 'b']);
  });

  it('loses the prefix of DataParallel where all tensors have it, and only there', () => {
    const parallel = stateDict(
      [
        { ...one, name: 'module.a' },
        { ...one, name: 'module.b' },
      ],
      layout,
    );
    expect([...read(layout, parallel).tensors.keys()]).toEqual(['a', 'b']);
    const mixed = stateDict(
      [
        { ...one, name: 'module.a' },
        { ...one, name: 'b' },
      ],
      layout,
    );
    expect([...read(layout, mixed).tensors.keys()]).toEqual(['module.a', 'b']);
  });

  it('that would run a program is refused by name, and nothing is executed', () => {
    const witness = join(folder, 'executed');
    const value: Python = { call: 'os system', parameters: [`touch ${witness}`] };
    const error = refusal(() => read(layout, { dictionary: [['weight', value]] }));
    expect(error.code).toBe('weights');
    expect(error.message).toContain(
      'refers to os.system, which is not part of a dictionary of tensors: nothing was executed',
    );
    expect(error.remedy).toContain('torch.save(model.state_dict()');
    expect(existsSync(witness)).toBe(false);
  });

  it.each([
    ['builtins eval'],
    ['torch.nn.modules.container Sequential'],
    ['numpy.core.multiarray fromfile'],
    ['numpy load'],
    ['torch.storage _load_from_bytes'],
    ['torch ComplexFloatStorage'],
    ['torch.evil FloatStorage'],
  ])('that refers to %s is refused', (name) => {
    const error = refusal(() => read(layout, { dictionary: [['weight', { global: name }]] }));
    expect(error.message).toContain(`refers to ${name.replace(' ', '.')}`);
  });

  it.each([
    ['leaves its storage', { shape: [2, 3], offset: 1 }, 'end at element 6 of a storage of 6'],
    ['leaves its storage by its strides', { shape: [2, 3], strides: [4, 1] }, 'end at element 6'],
    ['repeats elements', { shape: [2, 3], strides: [0, 1] }, 'repeat elements'],
    ['overlaps itself', { shape: [2, 2], strides: [1, 1] }, 'repeat elements'],
    ['claims more than can be counted', { shape: [2 ** 40, 2 ** 40] }, 'an invalid shape'],
    ['has a negative size', { shape: [-1] }, 'are not sizes'],
    ['has a negative stride', { shape: [2], strides: [-1] }, 'are not sizes'],
    ['has strides of another length', { shape: [2, 3], strides: [1] }, 'the strides [1]'],
    ['has too many axes', { shape: new Array(65).fill(1) }, 'at most 64 axes'],
  ])('with a tensor that %s is refused', (_, view, message) => {
    const error = refusal(() => read(layout, stateDict([{ name: 'weight', storage, ...view }], layout)));
    expect(error.message).toContain(message);
  });

  it('with an empty tensor gives no pieces', () => {
    const tensor = read(layout, stateDict([{ name: 'none', storage, shape: [0, 3] }, one], layout)).tensors.get('none');
    expect([...(tensor?.pieces() ?? [1])]).toEqual([]);
  });

  it('without values, or with fewer than claimed, is refused', () => {
    expect(refusal(() => read(layout, dictionary, [])).message).toContain("lacks the values of tensor 'weight'");
    const short = { ...storage, pieces: () => [new Uint8Array(8)], elements: layout === 'zip' ? 2 : 6 };
    expect(refusal(() => read(layout, dictionary, [short])).message).toMatch(/8 bytes of storage|ends at byte/);
  });

  it('without tensors is refused, naming its keys', () => {
    expect(refusal(() => read(layout, { dictionary: [['epoch', 1]] }, [])).message).toContain(
      "no tensors in its dictionary (keys 'epoch')",
    );
    expect(refusal(() => read(layout, { list: [] }, [])).message).toContain(
      'holds a list of 0 in place of a dictionary',
    );
  });

  it('with one storage under two types is refused', () => {
    const other = { ...storage, type: 'F64' as const, elements: 3 };
    const value = stateDict([one, { name: 'b', storage: other, shape: [3] }], layout);
    expect(refusal(() => read(layout, value)).message).toContain("claims 3 elements of F64 for storage '0'");
  });
});

describe('the reader of pickles', () => {
  const dictionary = stateDict([{ name: 'weight', storage, shape: [6] }], 'zip');

  it('refuses values of a big-endian machine', () => {
    writeFileSync(path, joined(pthZip(dictionary, [storage], { byteOrder: 'big' })));
    expect(refusal(() => readWeights(path)).message).toContain("byte order 'big'");
    writeFileSync(path, joined(pthLegacy(stateDict([], 'legacy'), [], false)));
    expect(refusal(() => readWeights(path)).message).toContain('not written by a little-endian machine');
  });

  it.each([
    ['an unknown operation', ['i', 'os\nsystem\n.'], 'pickle operation 0x69'],
    ['a registered extension', [[0x82, 1], '.'], 'pickle operation 0x82'],
    ['a text longer than the file', ['X', [0xff, 0xff, 0, 0], '.'], 'claims 65535 bytes'],
    ['a text of 4 GB', ['X', [0xff, 0xff, 0xff, 0xff], '.'], 'claims a text of 4294967295 bytes'],
    ['an integer of 2 GB', [[0x8b, 0xff, 0xff, 0xff, 0x7f], '.'], 'claims an integer of 2147483647 bytes'],
    ['a huge memo index', ['}r', [0xff, 0xff, 0xff, 0xff], '.'], 'claims the memo index 4294967295'],
    ['a memo index that was not set', ['h', [7], '.'], 'recalls the memo index 7'],
    ['more values than there are', ['a.'], 'takes more values than there are'],
    ['values from outside a group', [']](a.'], 'takes more values than there are'],
    ['the end of a group not begun', ['t.'], 'ends a group that was never started'],
    ['items of a list', ['](NNu.'], 'not a dictionary'],
    ['a call of a value', ['N)R.'], 'calls something that is not a name'],
    ['attributes of a text', ['U', [1], 'aNb.'], 'sets attributes'],
    ['a global name without end', ['c', 'a'.repeat(600)], 'a name of more than 256 bytes'],
    ['no end', ['}'], 'where 0 are left'],
    ['protocol 0', [[0x80, 0], 'N.'], 'protocol 0'],
    ['too many operations', [']'.repeat(1_000_001)], 'more than 1000000 operations'],
    ['marks without end', ['('.repeat(1_000_001)], 'more than 1000000 operations'],
  ])('refuses %s', (_, parts, message) => {
    const error = readPickleBytes(...parts);
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  it('refuses one list of pairs that fills many dictionaries', () => {
    const pairs = ']('.concat('NN\x86'.repeat(2000), 'eq\x00');
    const calls = 'ccollections\nOrderedDict\nh\x00\x85R'.repeat(600);
    expect(readPickleBytes(pairs, calls, '.').message).toContain('more than 1000000 pairs');
  });

  it('reads an OrderedDict of Python 2, given as a list of pairs', () => {
    const pickle = writePickle(dictionary).toString('latin1');
    const tensor = pickle.slice(pickle.indexOf('weight') + 6, -2);
    const old = `\x80\x02ccollections\nOrderedDict\n](U\x06weight${tensor}\x86e\x85R.`;
    const entries = [
      zipContent('a/data.pkl', Buffer.from(old, 'latin1')),
      zipContent('a/data/0', joined(storage.pieces())),
    ];
    writeFileSync(path, joined(writeZip(entries)));
    expect(readWeights(path).tensors.get('weight')?.shape).toEqual([6]);
  });

  it('refuses TorchScript programs', () => {
    writeFileSync(
      path,
      joined(writeZip([zipContent('a/data.pkl', writePickle(null)), zipContent('a/code/model.py', '')])),
    );
    expect(refusal(() => readWeights(path)).message).toContain('TorchScript');
  });
});
