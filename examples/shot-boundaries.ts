/**
 * Shot boundaries from frame differences, with an operator of your own that keeps the frame before: `scope.operator`.
 *
 *   node dist/examples/shot-boundaries.js VIDEO...
 *
 * Prints a line of JSON for each shot: where it starts and ends in seconds, and how much the picture changed there, 0 to 1.
 */
import { Flow, type Frame, frames, type Scope, videos } from 'reelflow';
import { from, lastValueFrom, map, mergeMap, tap } from 'rxjs';

const inputs = process.argv.slice(2);
if (inputs.length === 0) throw new Error('usage: shot-boundaries VIDEO...');

/** A mean difference of so much, of a byte's range, is a cut. */
const CUT = 0.2;

interface Shot {
  readonly start: number;
  readonly end: number;
  readonly change: number;
}

/** The mean difference of two frames' bytes, 0 to 1. */
function difference(before: Frame, after: Frame): number {
  const [a, b] = [before.data, after.data];
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum / (255 * a.length);
}

/** A frame is valid inside the `next` it came in; one that is kept, until it is released. At the end the rest is released by itself. */
const shots = (scope: Scope) =>
  scope.operator<Frame, Shot>('shots', ({ keep, release, emit }) => {
    let last: Frame | undefined;
    let start = 0;
    return {
      next(frame) {
        if (last === undefined) start = frame.time;
        else {
          const change = difference(last, frame);
          if (change > CUT) {
            emit({ start, end: frame.time, change });
            start = frame.time;
          }
          release(last);
        }
        last = keep(frame);
      },
      complete() {
        if (last !== undefined) emit({ start, end: last.time, change: 0 });
      },
    };
  });

const flow = new Flow('16MiB');
const all = from(videos(inputs)).pipe(
  mergeMap((video) => {
    const scope = flow.scope(video.id);
    return frames(video, { scope, width: 64, height: 36 }).pipe(
      shots(scope),
      map((shot) => ({ video: video.id, ...shot })),
    );
  }, 2),
  tap((shot) => console.log(JSON.stringify(shot))),
);
await lastValueFrom(all, { defaultValue: undefined });
console.error(`held at most ${flow.peakHeld} of ${flow.budget} bytes between operators`);
