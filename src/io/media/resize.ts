import type { VideoStreamInfo } from './media-info.ts';

/** How frames are brought to the requested size. */
export type Resize = 'stretch' | 'crop';

/** Pixel formats that convert to `yuv444p` without loss. */
const EIGHT_BIT_YUV = ['yuv420p', 'yuv422p', 'yuv444p'];

/**
 * Frames whose long side is more than this many times the short one are cut before they are scaled:
 * scaled whole, they could take any amount of memory.
 */
const LONGEST_SHAPE = 8;

/**
 * The ffmpeg filters that bring decoded (already rotated) frames to `width` x `height` RGB,
 * bilinear.
 *
 * `stretch`: straight to the size, whatever the shape. `crop`: torchvision's
 * `Resize(256/224 * size)` and `CenterCrop`, on the shape that a viewer sees, so that anamorphic
 * pixels are undone: scaled to cover 256/224 of the size, the other side rounded down, then the
 * middle cut out, an odd remainder's half rounded to even. Sizes are expressions of the current
 * frame, which ffmpeg evaluates again if it changes in mid-stream. Pixels stored as 8-bit YUV stay
 * YUV (with full chroma) until they are scaled: that saves a quarter of the decoder's time at 720p
 * and is as close to scaling in RGB (docs/decisions.md); others are scaled with exact rounding.
 */
export function resizeFilters(stream: VideoStreamInfo, width: number, height: number, resize: Resize): string[] {
  const isYuv = EIGHT_BIT_YUV.includes(stream.pixelFormat);
  const flags = isYuv ? 'bilinear' : 'bilinear+accurate_rnd+full_chroma_int';
  if (resize === 'stretch') {
    const scale = `scale=${width}:${height}:flags=${flags}`;
    return isYuv ? [scale, 'format=yuv444p', 'format=rgb24'] : [scale, 'format=rgb24'];
  }
  const coverWidth = Math.round((width * 256) / 224);
  const coverHeight = Math.round((height * 256) / 224);
  const turned = stream.rotation % 180 !== 0;
  const shownWidth = turned ? 'iw' : 'max(1,round(iw*sar))';
  const shownHeight = turned ? 'max(1,round(ih/sar))' : 'ih';
  const widthBinds = `lte(${shownWidth}*${coverHeight},${shownHeight}*${coverWidth})`;
  const scaledWidth = `if(${widthBinds},${coverWidth},floor(${coverHeight}*${shownWidth}/${shownHeight}))`;
  const scaledHeight = `if(${widthBinds},floor(${coverWidth}*${shownHeight}/${shownWidth}),${coverHeight})`;
  const scale = `scale=w='${scaledWidth}':h='${scaledHeight}':flags=${flags}`;
  const crop = `crop=${width}:${height}:'${halfToEven(`iw-${width}`)}':'${halfToEven(`ih-${height}`)}'`;
  return [
    ...(isStrip(stream) ? [middleOfStrip()] : []),
    ...(isYuv ? [scale, 'format=yuv444p', crop, 'format=rgb24'] : [scale, 'format=rgb24', crop]),
  ];
}

function isStrip({ displayWidth, displayHeight }: VideoStreamInfo): boolean {
  return Math.max(displayWidth / displayHeight, displayHeight / displayWidth) > LONGEST_SHAPE;
}

function middleOfStrip(): string {
  return `crop=w='min(iw,max(2,${LONGEST_SHAPE}*ih/sar))':h='min(ih,max(2,${LONGEST_SHAPE}*iw*sar))':exact=1`;
}

/** An expression of half of a whole number, rounded as Python's `round` does. */
function halfToEven(twice: string): string {
  const below = `floor((${twice})/2)`;
  return `${below}+mod(${twice},2)*mod(${below},2)`;
}
