import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimatedGain, fastFormOf } from '../../../../src/models/networks/fast-convolutions/rule.ts';
import { network } from '../../../../src/models/networks/network.ts';
import { temporaryFolder } from '../helpers.ts';

const square = (channels: number, filters: number, size: number, taps = 3) =>
  ({ channels, filters, taps, size: [size, size] }) as const;

describe('the rule for fast convolutions', () => {
  it('takes layers with many channels', () => {
    for (const shape of [
      square(64, 192, 27, 5),
      square(192, 384, 13),
      square(256, 256, 13),
      square(128, 128, 28),
      square(256, 256, 56),
      square(512, 512, 14),
    ])
      expect(fastFormOf(shape), JSON.stringify(shape)).toBeDefined();
  });

  it('leaves layers with few channels, other kernels and pictures of one tile as they are', () => {
    for (const shape of [
      square(3, 64, 224),
      square(64, 64, 224),
      square(16, 64, 55),
      square(256, 256, 13, 1),
      square(256, 256, 13, 7),
      square(512, 512, 4),
    ])
      expect(fastFormOf(shape), JSON.stringify(shape)).toBeUndefined();
  });

  it('cuts tiles so that few products lie outside the picture', () => {
    expect(fastFormOf(square(256, 256, 13))?.rows).toMatchObject({ tiles: 4, form: { outputs: 4, points: 6 } });
    expect(fastFormOf(square(512, 512, 9))?.rows).toMatchObject({ tiles: 3, form: { outputs: 3, points: 5 } });
    expect(fastFormOf(square(64, 192, 27, 5))?.columns).toMatchObject({ tiles: 7, form: { outputs: 4, points: 8 } });
  });

  it('covers the picture with the tiles of each axis, and gains what it says at most four times', () => {
    const sizes = fc.integer({ min: 2, max: 64 });
    fc.assert(
      fc.property(
        fc.constantFrom(3, 5),
        sizes,
        sizes,
        fc.integer({ min: 8, max: 512 }),
        (taps, high, wide, channels) => {
          const shape = { channels, filters: channels, taps, size: [high, wide] } as const;
          const form = fastFormOf(shape);
          if (form === undefined) return;
          for (const [tiling, length] of [
            [form.rows, high],
            [form.columns, wide],
          ] as const) {
            expect(tiling.tiles * tiling.form.outputs).toBeGreaterThanOrEqual(length);
            expect((tiling.tiles - 1) * tiling.form.outputs).toBeLessThan(length);
          }
          expect(estimatedGain(shape)).toBeGreaterThan(1);
          expect(estimatedGain(shape)).toBeLessThan(taps === 3 ? 4 : 6.25);
        },
      ),
    );
  });
});

describe('a network', () => {
  const cacheDirectory = temporaryFolder();

  it('is in the fast form unless it is asked for directly, or none of its convolutions pays', () => {
    const form = (name: string, convolutions?: 'direct') =>
      network(name, { weights: 'random:1', cacheDirectory, convolutions }).convolutions;
    expect(['alexnet', 'vggish', 'vgg16', 'resnet50'].map((name) => form(name))).toEqual(
      Array.from({ length: 4 }, () => 'fast'),
    );
    expect(form('squeezenet1_1')).toBe('direct');
    expect(form('alexnet', 'direct')).toBe('direct');
  });

  it('refuses another form', () => {
    const wrong = { weights: 'random:1', cacheDirectory, convolutions: 'quick' as 'fast' };
    expect(() => network('alexnet', wrong)).toThrow('`convolutions`');
  });
});
