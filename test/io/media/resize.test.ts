import { describe, expect, test } from 'vitest';
import type { VideoStreamInfo } from '../../../src/io/media/media-info.ts';
import { resizeFilters } from '../../../src/io/media/resize.ts';

const shown = (displayWidth: number, displayHeight: number) => ({ displayWidth, displayHeight }) as VideoStreamInfo;

describe('resizeFilters', () => {
  test('stretch goes straight to the size', () => {
    expect(resizeFilters(shown(1280, 720), 224, 224, 'stretch')).toEqual([
      'scale=224:224:flags=bilinear',
      'format=rgb24',
    ]);
  });

  // scaled size as int(256 * long / short), offsets as int(round((scaled - 224) / 2)) in Python
  test.each([
    [320, 240, 'scale=341:256', 'crop=224:224:58:16'],
    [1280, 720, 'scale=455:256', 'crop=224:224:116:16'],
    [720, 1280, 'scale=256:455', 'crop=224:224:16:116'],
    [500, 500, 'scale=256:256', 'crop=224:224:16:16'],
    [1001, 1000, 'scale=256:256', 'crop=224:224:16:16'],
    [359, 240, 'scale=382:256', 'crop=224:224:79:16'],
  ])("crop of %i x %i is torchvision's Resize(256), CenterCrop(224)", (width, height, scale, crop) => {
    expect(resizeFilters(shown(width, height), 224, 224, 'crop')).toEqual([
      `${scale}:flags=bilinear`,
      'format=rgb24',
      crop,
    ]);
  });

  test('8-bit YUV is cut out before it becomes RGB', () => {
    const stream = (pixelFormat: string) => ({ ...shown(1280, 720), pixelFormat });
    const filters = ['scale=455:256:flags=bilinear', 'format=yuv444p', 'crop=224:224:116:16', 'format=rgb24'];
    expect(resizeFilters(stream('yuv420p'), 224, 224, 'crop')).toEqual(filters);
    expect(resizeFilters(stream('yuv420p10le'), 224, 224, 'crop')).not.toContain('format=yuv444p');
    expect(resizeFilters(stream('yuvj420p'), 224, 224, 'crop')).not.toContain('format=yuv444p');
  });

  test('crop to another shape covers it on both sides', () => {
    expect(resizeFilters(shown(100, 100), 112, 224, 'crop')).toEqual([
      'scale=256:256:flags=bilinear',
      'format=rgb24',
      'crop=112:224:72:16',
    ]);
  });
});
