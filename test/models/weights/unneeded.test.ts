import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWeights } from '../../../src/models/networks/named-weights.ts';
import { floatInitializer, readWeights, type WeightFile } from '../../../src/models/weights/weight-file.ts';
import { npyArray, npyHeader } from '../../fixtures/weights/npy-writer.ts';
import { numpyArray } from '../../fixtures/weights/numpy-pickle.ts';
import { type Python, writePickle } from '../../fixtures/weights/pickle-writer.ts';
import { floatStorage, pthLegacy, pthZip, stateDict } from '../../fixtures/weights/pth-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryFolder, valuesOf } from '../networks/helpers.ts';

const folder = temporaryFolder();
const storage = floatStorage('0', [1, 2, 3, 4, 5, 6]);
const path = join(folder, 'weights');
const layouts = ['zip', 'legacy'] as const;
const one = { name: 'weight', storage, shape: [2, 3] };

function read(layout: 'zip' | 'legacy', value: Python): WeightFile {
  writeFileSync(path, joined(layout === 'zip' ? pthZip(value, [storage]) : pthLegacy(value, [storage])));
  return readWeights(path);
}

const object = (name: string, state: Python = { dictionary: [['lr', 0.1]] }): Python => ({
  call: name,
  parameters: [],
  state,
});

/** What training scripts save beside a state dict. */
const beside: Record<string, Python> = {
  'the arguments of a script': object('argparse Namespace'),
  'a counter': { call: 'collections Counter', parameters: [{ dictionary: [[30, 1]] }] },
  'a dictionary with a default': {
    call: 'collections defaultdict',
    parameters: [{ global: '__builtin__ list' }],
    items: [['a', 1]],
  },
  'a deque with items': { call: 'collections deque', parameters: [{ list: [1, 2] }] },
  'a device': { call: 'torch device', parameters: ['cuda', 0] },
  'a set': { call: '__builtin__ set', parameters: [{ list: [1] }] },
  'a path': { call: 'pathlib PosixPath', parameters: ['/', 'data'] },
  'a time': { call: 'datetime datetime', parameters: [{ bytes: new Uint8Array(10) }] },
  'a complex number': { call: '__builtin__ complex', parameters: [1, 2] },
  'a whole module': object('torchvision.models.alexnet AlexNet'),
  'the state of a generator': {
    tuple: ['MT19937', numpyArray({ values: new Uint8Array(8), shape: [2], type: 'u4' }), 624, 0, 0],
  },
  'an array of objects': numpyArray({ values: new Uint8Array(8), shape: [1], type: 'O8' }),
};

describe.each(layouts)('a checkpoint in the %s layout', (layout) => {
  it.each(Object.entries(beside))('is read with %s beside its state dict, and inside it', (_, value) => {
    const outside = read(layout, {
      dictionary: [
        ['args', value],
        ['state_dict', stateDict([one], layout)],
        ['history', { list: [value, { dictionary: [['again', value]] }] }],
      ],
    });
    expect([...outside.tensors.keys()]).toEqual(['weight']);
    expect(joined(outside.tensors.get('weight')?.pieces() ?? [])).toEqual(joined(storage.pieces()));
    expect([...read(layout, stateDict([one], layout, [['args', value]])).tensors.keys()]).toEqual(['weight']);
  });

  it('says of what stands in place of a tensor why nothing was made of it', () => {
    const value = stateDict([one], layout, [['features.0.weight', object('os system', null)]]);
    const file = read(layout, value);
    expect(file.unread.get('features.0.weight')).toMatch(/refers to os\.system, .* nothing was executed/);
    expect(() => checkWeights('alexnet', file)).toThrow(
      /missing: features\.0\.weight .* \(the file refers to os\.system/,
    );
  });

  it('is refused with what the first such value is, where it has no tensors', () => {
    expect(() => read(layout, object('torchvision.models.alexnet AlexNet'))).toThrow(
      /refers to torchvision\.models\.alexnet\.AlexNet/,
    );
  });

  it('gives the dictionary with the most tensors, however deep it lies and whatever it is called', () => {
    const two = stateDict(
      [
        { ...one, name: 'a' },
        { ...one, name: 'b' },
      ],
      layout,
    );
    const keys = (value: Python) => [...read(layout, value).tensors.keys()];
    expect(keys({ dictionary: [['params_ema', two]] })).toEqual(['a', 'b']);
    expect(
      keys({ dictionary: [['checkpoint', { dictionary: [['deep', { list: [null, { tuple: [two] }] }]] }]] }),
    ).toEqual(['a', 'b']);
    expect(
      keys({
        dictionary: [
          ['teacher', stateDict([one], layout)],
          ['student', two],
        ],
      }),
    ).toEqual(['a', 'b']);
  });

  it('gives of several with as many tensors the one under the usual key', () => {
    const value: Python = {
      dictionary: [
        ['ema', stateDict([{ ...one, name: 'averaged' }], layout)],
        ['state_dict', stateDict([one], layout)],
      ],
    };
    expect([...read(layout, value).tensors.keys()]).toEqual(['weight']);
  });

  it.each(['_orig_mod.', 'model.', 'module.model.'])('loses the prefix %s where all tensors have it', (prefix) => {
    const value = stateDict(
      [
        { ...one, name: `${prefix}a` },
        { ...one, name: `${prefix}b` },
      ],
      layout,
    );
    expect([...read(layout, value).tensors.keys()]).toEqual(['a', 'b']);
  });

  it('whose dictionaries refer to themselves is read all the same', () => {
    const pickle = Buffer.from('\x80\x02}q\x00(U\x04selfh\x00u.', 'latin1');
    writeFileSync(path, joined(writeZip([zipContent('a/data.pkl', pickle)])));
    expect(() => readWeights(path)).toThrow(/no tensors in its dictionary/);
  });
});

describe('a tensor with attributes of its own', () => {
  it('is read as the tensor that it is', () => {
    const pickle = writePickle(stateDict([one], 'zip')).toString('latin1');
    const tensor = pickle.slice(pickle.indexOf('weight') + 6, pickle.lastIndexOf('u.'));
    const [, call = ''] = /^(ctorch\._utils\n\w+\n)/.exec(tensor) ?? [];
    const parameters = tensor.slice(call.length, -1);
    const made = `ctorch._tensor\n_rebuild_from_type_v2\n(${call}ctorch.nn.parameter\nParameter\n${parameters}}tR`;
    const whole = `\x80\x02}(U\x06weight${made}u.`;
    const entries = [
      zipContent('a/data.pkl', Buffer.from(whole, 'latin1')),
      zipContent('a/data/0', joined(storage.pieces())),
    ];
    writeFileSync(path, joined(writeZip(entries)));
    expect(readWeights(path).tensors.get('weight')?.shape).toEqual([2, 3]);
  });
});

describe('a pickle of Python 2', () => {
  it('is read with integers beyond 32 bits, truth values and fractions in its own form', () => {
    const pickle = writePickle(stateDict([one], 'zip')).toString('latin1');
    const rest = pickle.slice(2, -1);
    const old = `\x80\x02}(U\x05stateI4916187984\nU\x04longL-12345678901234567890L\nU\x04trueI01\nU\x04halfF0.5\nU\x05model${rest}u.`;
    const entries = [
      zipContent('a/data.pkl', Buffer.from(old, 'latin1')),
      zipContent('a/data/0', joined(storage.pieces())),
    ];
    writeFileSync(path, joined(writeZip(entries)));
    expect([...readWeights(path).tensors.keys()]).toEqual(['weight']);
  });

  it('with an integer that is none is refused', () => {
    const entries = [zipContent('a/data.pkl', Buffer.from('\x80\x02I12x\n.', 'latin1'))];
    writeFileSync(path, joined(writeZip(entries)));
    expect(() => readWeights(path)).toThrow(/an integer '12x'/);
  });
});

/** A safetensors file of tensors of one byte pattern. */
function safetensors(entries: readonly (readonly [name: string, dtype: string, shape: number[], bytes: Uint8Array])[]) {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, dtype, shape, bytes] of entries) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.byteLength] };
    end += bytes.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  writeFileSync(path, Buffer.concat([length, text, ...entries.map(([, , , bytes]) => bytes)]));
  return readWeights(path);
}

describe('a safetensors file', () => {
  const values = (file: WeightFile, name: string) => {
    const tensor = file.tensors.get(name);
    if (!tensor) throw new Error(`${name} was not read`);
    return [...valuesOf(floatInitializer(tensor))];
  };

  it('is read with unsigned integers and with floats of 8 bits', () => {
    const bytes = (array: NodeJS.TypedArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const file = safetensors([
      ['u64', 'U64', [2], bytes(BigUint64Array.of(0n, 2n ** 63n))],
      ['u32', 'U32', [2], bytes(Uint32Array.of(1, 4_000_000_000))],
      ['u16', 'U16', [2], bytes(Uint16Array.of(1, 65_535))],
      // 1, -1.125, the greatest, the least normal and the least number; and 1, -1.25, the greatest,
      // infinity, the least.
      ['e4m3', 'F8_E4M3', [5], Uint8Array.of(0x38, 0xb9, 0x7e, 0x08, 0x01)],
      ['e5m2', 'F8_E5M2', [5], Uint8Array.of(0x3c, 0xbd, 0x7b, 0x7c, 0x01)],
    ]);
    expect(values(file, 'u64')).toEqual([0, 2 ** 63]);
    expect(values(file, 'u32')).toEqual([1, Math.fround(4_000_000_000)]);
    expect(values(file, 'u16')).toEqual([1, 65_535]);
    expect(values(file, 'e4m3')).toEqual([1, -1.125, 448, 2 ** -6, 2 ** -9]);
    expect(values(file, 'e5m2')).toEqual([1, -1.25, 57_344, Number.POSITIVE_INFINITY, 2 ** -16]);
  });

  it.each([
    ['C64', [1], 8],
    ['F4', [4], 2],
    ['F6_E2M3', [4], 3],
    ['F6_E3M2', [4], 3],
    ['F8_E8M0', [3], 3],
    ['X128', [1], 16],
  ])('with a tensor of %s is read, and tells that one by name', (dtype, shape, size) => {
    const file = safetensors([
      ['other', dtype, shape as number[], new Uint8Array(size as number)],
      ['weight', 'F32', [1], new Uint8Array(Float32Array.of(2).buffer)],
    ]);
    expect(values(file, 'weight')).toEqual([2]);
    expect(file.unread.get('other')).toBe(`has tensor 'other' of the type '${dtype}'`);
  });

  it('whose header is nested without end is refused before it is parsed', () => {
    const length = Buffer.alloc(8);
    const text = Buffer.from(`{"a":${'['.repeat(1000)}`);
    length.writeBigUInt64LE(BigInt(text.byteLength));
    writeFileSync(path, Buffer.concat([length, text]));
    expect(() => readWeights(path)).toThrow(/more than 8 levels/);
  });

  it('whose tensor of another type does not fill its place is refused', () => {
    expect(() => safetensors([['other', 'C64', [2], new Uint8Array(8)]])).toThrow(/claims bytes 0 to 8/);
  });
});

describe('an archive of arrays', () => {
  it('is read with one of another type among them, and tells that one by name', () => {
    const complex = Buffer.concat([npyHeader('<c8', [1]), Buffer.alloc(8)]);
    const entries = [zipContent('a.npy', npyArray([1, 2], [2])), zipContent('b.npy', complex)];
    writeFileSync(path, joined(writeZip(entries)));
    const file = readWeights(path);
    expect([...file.tensors.keys()]).toEqual(['a']);
    expect(file.unread.get('b')).toBe("has array 'b' of the type '<c8'");
    writeFileSync(path, joined(writeZip(entries.slice(1))));
    expect(() => readWeights(path)).toThrow(/has array 'b' of the type '<c8'/);
  });
});
