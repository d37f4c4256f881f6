import { lastValueFrom, tap } from 'rxjs';
import { MediaError } from '../../core/errors.ts';
import { frames } from '../../io/media/frames.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { Flow } from '../../operators/flow.ts';

/** Frames are taken from at most this many items. */
const maxItems = 16;
/** At most this many items are opened: a corpus without pictures must not be opened whole. */
const maxTries = 256;
/** All frames together: half determine the ranges, half measure the result. */
export const calibrationFrameCount = 128;
/**
 * For items longer than this many seconds key frames are taken: the other frames need not be
 * decoded.
 */
const shortItem = 60;

/** Frames of a corpus, and the items they came from. */
export interface CalibrationFrames {
  readonly items: readonly { readonly item: string; readonly frames: number }[];
  readonly frames: readonly Uint8Array[];
  /** How many items were opened to get them. */
  readonly tried: number;
}

/**
 * Frames of a corpus to calibrate on, the same at each call: 128 frames from at most 16 items,
 * evenly spaced over the corpus, with the same number from each, evenly spaced over the item (key
 * frames if it is longer than a minute). Items that have no pictures or cannot be decoded are
 * replaced by others; at most 256 items are opened. Holds these frames, and as many again from one
 * item.
 *
 * @throws FlowError `aborted`; SystemError `decoder-missing`.
 */
export async function calibrationFrames(
  corpus: readonly Video[],
  plan: UnopenedNetwork<Uint8Array>,
  signal?: AbortSignal,
): Promise<CalibrationFrames> {
  const count = Math.min(maxItems, corpus.length);
  const share = Math.ceil(calibrationFrameCount / count);
  const items: { item: string; frames: number }[] = [];
  const all: Uint8Array[] = [];
  let tried = 0;
  for (const index of spreadOrder(corpus.length, maxItems)) {
    if (items.length === maxItems || all.length >= calibrationFrameCount || tried === maxTries) break;
    const video = corpus[index] as Video;
    tried += 1;
    try {
      const taken = await framesOfItem(video, plan, share, signal);
      if (taken.length > 0) items.push({ item: video.id, frames: taken.length });
      all.push(...taken);
    } catch (error) {
      // What is wrong with the item is reported when the run reaches it.
      if (!(error instanceof MediaError)) throw error;
    }
  }
  return { items, frames: all.slice(0, calibrationFrameCount), tried };
}

/**
 * All indices below `length`, each once: `first` evenly spaced ones, then twice as many evenly
 * spaced ones, and so on.
 */
function* spreadOrder(length: number, first: number): Generator<number> {
  const given = new Set<number>();
  for (let count = first; given.size < length; count *= 2) {
    const points = Math.min(count, length);
    for (let point = 0; point < points; point++) {
      const index = Math.floor((point * length) / points);
      if (given.has(index)) continue;
      given.add(index);
      yield index;
    }
  }
}

async function framesOfItem(
  video: Video,
  plan: UnopenedNetwork<Uint8Array>,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const info = await video.probe(signal === undefined ? {} : { signal });
  if (info.video === undefined) return [];
  const isShort = info.duration <= shortItem;
  // Not above the item's own rate: a repeated frame would be in both halves.
  const native = info.video.averageRate > 0 ? info.video.averageRate : 1000;
  const rate = Math.max(0.001, Math.min(1000, native, count / Math.max(info.duration, 0.01)));
  const taken: Uint8Array[] = [];
  let [step, seen] = [1, 0];
  const flow = new Flow(4 * plan.inputBytes + 2 ** 20);
  const decoded = frames(video, {
    ...plan.input,
    scope: flow.scope(video.id),
    fps: isShort ? rate : 'keyframes',
    allowPartial: true,
    signal,
  }).pipe(
    tap((frame) => {
      if (seen++ % step === 0) taken.push(frame.data.slice());
      if (taken.length < 2 * count) return;
      // The total is not known in advance: when there are too many, every other frame is dropped,
      // and from then on only every other new one is taken.
      for (let at = 0; at < count; at++) taken[at] = taken[2 * at] as Uint8Array;
      taken.length = count;
      step *= 2;
    }),
  );
  await lastValueFrom(decoded, { defaultValue: undefined });
  const kept = Math.min(count, taken.length);
  return Array.from({ length: kept }, (_, index) => taken[Math.floor((index * taken.length) / kept)] as Uint8Array);
}
