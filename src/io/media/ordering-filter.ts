import { believedUntil } from './lengths.ts';
import type { MediaInfo, Ratio, VideoStreamInfo } from './media-info.ts';
import { LARGEST_STEP_BACK, largestStepAhead } from './stream-clock.ts';

/**
 * The filter that counts frame times from the container's start and puts them in order as a
 * `StreamClock` does, for cases in which ffmpeg chooses among frames: a wild time would make it
 * repeat a frame for hours.
 *
 * The expression's variables: 0 the offset added to times since the last discontinuity, 1 the last
 * time, 2 the offset before it, 3 and 4 the time with either offset, 5 scratch. All in ticks.
 */
export function orderingFilter(info: MediaInfo, stream: VideoStreamInfo): string {
  const { numerator, denominator } = stream.timeBase;
  const ticks = (seconds: number): number => Math.round((seconds * denominator) / numerator);
  const period = 1 / stream.averageRate;
  const length = Math.max(1, ticks(period));
  const until = believedUntil(info, stream);
  const ahead = ticks(largestStepAhead(period, stream.longestGap));
  const believed = Number.isFinite(until) ? `lte(ld(N),${ticks(until)})+` : '';
  const follows = (variable: number): string =>
    `gte(ld(N),ld(1)-${ticks(LARGEST_STEP_BACK)})*(${believed}lte(ld(N),ld(1)+${length + ahead}))`.replaceAll(
      'N',
      `${variable}`,
    );
  const own = `PTS-(${ticks(info.start)})`;
  const joined = `st(2,ld(0))*0+st(0,ld(1)+${length}-(${own}))*0+ld(1)+${length}`;
  const returned = 'st(5,ld(0))*0+st(0,ld(2))*0+st(2,ld(5))*0+ld(4)';
  const placed = `if(${follows(3)},ld(3),if(${follows(4)},${returned},${joined}))`;
  const expression = [
    `if(eq(N,0),st(1,${ticks(stream.start) - length}))`,
    `st(3,${own}+ld(0))`,
    `st(4,${own}+ld(2))`,
    `st(1,if(isnan(PTS),ld(1)+${length},max(ld(1),${placed})))`,
  ].join(';');
  // Times that crawl are not believed at all.
  return `setpts='${stream.crawls === true ? `${ticks(stream.start)}+round(N*${period}/TB)` : expression}'`;
}

/** Seconds per frame as a fraction: 1/25, 1001/30000; other rates to a millionth. */
export function rateToClock(rate: number): Ratio {
  if (Number.isInteger(rate)) return { numerator: 1, denominator: rate };
  const broadcast = Math.round(rate * 1.001);
  if (Math.abs((broadcast * 1000) / 1001 - rate) < 5e-4) return { numerator: 1001, denominator: broadcast * 1000 };
  return { numerator: 1_000_000, denominator: Math.round(rate * 1_000_000) };
}
