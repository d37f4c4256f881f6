import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWeights } from '../../../src/models/weights/weight-file.ts';
import { type ArrayContent, encodedBytes, numpyArray, numpyType } from '../../fixtures/weights/numpy-pickle.ts';
import type { Python } from '../../fixtures/weights/pickle-writer.ts';
import { floatStorage, pthLegacy, pthZip, stateDict } from '../../fixtures/weights/pth-writer.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { writeZip, zipContent } from '../../fixtures/weights/zip-writer.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const folder = temporaryFolder();
const path = join(folder, 'arrays.pth');
const storage = floatStorage('0', [1, 2, 3, 4, 5, 6]);

function read(layout: 'zip' | 'legacy', value: Python, storages = [storage]) {
  writeFileSync(path, joined(layout === 'zip' ? pthZip(value, storages) : pthLegacy(value, storages)));
  return readWeights(path).tensors;
}

function readArray(content: ArrayContent) {
  const tensor = read('zip', { dictionary: [['array', numpyArray(content)]] }, []).get('array');
  if (!tensor) throw new Error('the array was not read');
  return { ...tensor, values: joined(tensor.pieces()) };
}

const float32 = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer);
const six = float32([1, 2, 3, 4, 5, 6]);

describe('an array of NumPy in a .pth file', () => {
  it.each(['zip', 'legacy'] as const)('in the %s layout has its name, shape, type and values', (layout) => {
    const value: Python = {
      dictionary: [
        ['text', numpyArray({ values: six, shape: [2, 3] })],
        ['bytes', numpyArray({ values: six, shape: [3, 2], asBytes: true, module: 'numpy._core.multiarray' })],
        ['epoch', 3],
      ],
    };
    const tensors = [...read(layout, value, []).values()];
    expect(tensors.map(({ name, shape, type, byteLength }) => [name, shape, type, byteLength])).toEqual([
      ['text', [2, 3], 'F32', 24],
      ['bytes', [3, 2], 'F32', 24],
    ]);
    for (const { pieces } of tensors) expect(joined(pieces())).toEqual(six);
  });

  it('has the bytes that were written, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, asBytes) => {
        const { values } = readArray({ values: bytes, shape: [bytes.length], type: 'u1', asBytes });
        expect(values).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 100 },
    );
  });

  it('is little-endian and row-major, whatever it was', () => {
    const columns = float32([1, 4, 2, 5, 3, 6]);
    expect(readArray({ values: columns, shape: [2, 3], fortran: true }).values).toEqual(six);
    const big = { values: Buffer.from(columns).swap32(), shape: [2, 3], fortran: true, order: '>' };
    const array = readArray(big);
    expect(array.values).toEqual(six);
    // The values are in memory: reading them once must not change them.
    expect(joined(array.pieces())).toEqual(six);
  });

  it.each([
    ['f8', 'F64', 8],
    ['f2', 'F16', 2],
    ['i8', 'I64', 8],
    ['i4', 'I32', 4],
    ['i2', 'I16', 2],
    ['i1', 'I8', 1],
    ['u1', 'U8', 1],
    ['b1', 'BOOL', 1],
  ])('of the type %s is a tensor of %s', (type, weightType, width) => {
    const values = Buffer.from(Array.from({ length: 3 * width }, (_, index) => index % 2));
    expect(readArray({ values, shape: [3], type })).toMatchObject({ type: weightType, values });
  });

  it('without axes, without elements, and of several MiB is read', () => {
    expect(readArray({ values: float32([7]), shape: [] })).toMatchObject({ shape: [], values: float32([7]) });
    const none = { call: '__builtin__ bytes', parameters: [] };
    const state: Python = { tuple: [1, { tuple: [0, 3] }, numpyType('f4'), false, none] };
    const empty: Python = { ...(numpyArray({ values: six, shape: [] }) as object), state } as Python;
    expect(read('zip', { dictionary: [['array', empty]] }, []).get('array')).toMatchObject({ shape: [0, 3] });
    const values = Buffer.alloc(3 * 2 ** 20 + 4, 200);
    const large = readArray({ values, shape: [values.length / 4], asBytes: true });
    expect(large.values.equals(values)).toBe(true);
    expect(Math.max(...Array.from(large.pieces(), (piece) => piece.byteLength))).toBe(2 ** 20);
  });

  it('beside the state dict of a checkpoint does not hide it', () => {
    const value: Python = {
      dictionary: [
        ['class_weights', numpyArray({ values: six, shape: [6] })],
        ['best', { call: 'numpy.core.multiarray scalar', parameters: [numpyType('f8'), encodedBytes(six)] }],
        ['state_dict', stateDict([{ name: 'weight', storage, shape: [6] }], 'zip')],
      ],
    };
    expect([...read('zip', value).keys()]).toEqual(['weight']);
  });

  it.each([
    ['fewer values than its shape', { shape: [7] }, 'end at element 6 of a storage of 6'],
    [
      'more values than its shape',
      { shape: [5] },
      "has 24 bytes of values in array 'array', where [5] of F32 needs 20",
    ],
    ['values but no elements', { shape: [0] }, 'where [0] of F32 needs 0'],
    ['half an element', { shape: [3], values: six.subarray(0, 14) }, 'has 14 bytes of values'],
    ['a negative size', { shape: [-6] }, 'invalid shape, type or values'],
    ['a size that is not a number', { shape: ['6'] }, 'invalid shape, type or values'],
    ['a shape that cannot be counted', { shape: [2 ** 40, 2 ** 40] }, 'an invalid shape'],
    ['65 axes', { shape: new Array(65).fill(1) }, 'invalid shape, type or values'],
    ['Python objects', { shape: [6], type: 'O8' }, 'keeps Python objects in a NumPy array; nothing was executed'],
    ['records', { shape: [6], type: 'V4' }, "of the type 'V4'"],
    ['text', { shape: [6], type: 'U1' }, "of the type 'U1'"],
    ['a type with the name of a method', { shape: [6], type: 'toString' }, "of the type 'toString'"],
    ['another byte order', { shape: [6], order: '!' }, 'does not hold plain numbers'],
  ])('with %s is refused', (_, change, message) => {
    expect(() => readArray({ values: six, ...change })).toThrow(message);
  });

  const call = numpyArray({ values: six, shape: [6] }) as { call: string; parameters: Python[]; state: Python };
  const fields = (call.state as { tuple: readonly Python[] }).tuple;
  const array = (change: Partial<typeof call>): Python => ({ ...call, ...change });
  const record: Python = {
    call: 'numpy dtype',
    parameters: ['f4', false, true],
    state: { tuple: [3, '|', null, { tuple: ['a'] }, { dictionary: [] }, 4, 1, 16] },
  };

  it.each<[string, Python, string]>([
    ['of another class', array({ parameters: [{ global: 'numpy dtype' }, { tuple: [0] }] }), 'asks to call'],
    ['of no class', array({ parameters: [] }), 'asks to call'],
    ['of a subclass', array({ parameters: [{ global: 'numpy matrix' }] }), 'refers to numpy.matrix'],
    ['without a state', { call: call.call, parameters: call.parameters }, "has no values for array 'array'"],
    [
      'with the state of another version',
      array({ state: { tuple: [2, ...fields.slice(1)] } }),
      'invalid shape, type or values',
    ],
    [
      'with a list as values',
      array({ state: { tuple: [...fields.slice(0, 4), { list: [1] }] } }),
      'invalid shape, type or values',
    ],
    ['with a dictionary as state', array({ state: { dictionary: [] } }), 'invalid shape, type or values'],
    [
      'without a type',
      array({ state: { tuple: [1, { tuple: [6] }, 'f4', false, ''] } }),
      'invalid shape, type or values',
    ],
    ['with fields', array({ state: { tuple: [1, { tuple: [6] }, record, false, ''] } }), 'does not hold plain numbers'],
    ['in another encoding', { call: '_codecs encode', parameters: ['a', 'utf8'] }, 'asks to call _codecs.encode'],
    ['beyond latin1', { call: '_codecs encode', parameters: ['\u0100', 'latin1'] }, 'beyond latin1 (256)'],
    ['of a count of bytes', { call: '__builtin__ bytes', parameters: [9] }, 'asks to call __builtin__.bytes'],
  ])('%s is refused', (_, value, message) => {
    expect(() => read('zip', { dictionary: [['array', value]] }, [])).toThrow(message);
  });

  it('that encodes one text again and again is refused', () => {
    const text = Buffer.alloc(2 ** 19);
    const length = Buffer.from(Uint32Array.of(text.length).buffer);
    const once = Buffer.concat([Buffer.from('\x80\x02]X', 'latin1'), length, text, Buffer.from('q\x000')]);
    const encoded = (times: number) => {
      const calls = `c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86Ra`.repeat(times);
      writeFileSync(
        path,
        joined(writeZip([zipContent('a/data.pkl', Buffer.concat([once, Buffer.from(`${calls}.`, 'latin1')]))])),
      );
      return () => readWeights(path);
    };
    expect(encoded(32)).toThrow('in place of a dictionary');
    expect(encoded(33)).toThrow('turns more than 16777216 characters into bytes');
  });
});
