import type { Observable } from 'rxjs';
import { checkOneOf } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { FrameSampling } from '../io/media/frames.ts';
import type { Video } from '../io/media/video.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import { checkCuts } from '../operators/division.ts';
import type { RepeatedFrames } from '../operators/embed.ts';
import type { Frame } from '../operators/frame.ts';
import { type Statistic, statisticNames } from '../operators/statistics.ts';
import type { SubclipRow } from '../operators/subclip-row.ts';
import { dataflow, type VideoGraph } from './dataflow/dataflow.ts';
import { networkIdentity } from './dataflow/network-identity.ts';
import { cutsAsJson } from './dataflow/resolve.ts';
import type { Columns, VideoScope } from './dataflow/video-scope.ts';
import type { Json } from './graph.ts';
import { type ItemPolicy, itemPolicy } from './item-policy.ts';
import { networkSpec } from './spec/network-spec.ts';

/**
 * Names of the operators of an extraction, as shown in metrics and by `explain`, in addition to
 * those of every dataflow.
 */
export const OPERATORS = { embedVisual: 'embed-visual', embedAudio: 'embed-audio' } as const;

/**
 * What an extraction computes. Everything except the policy, `repeatedFrames` and `onFrame` is part
 * of its id.
 */
export interface ExtractionOptions extends ItemPolicy {
  /** Network over frames; without it, there is no visual column. */
  readonly visual?: UnopenedNetwork<Uint8Array> | undefined;
  /** Network over audio patches; without it, there is no audio column. */
  readonly audio?: UnopenedNetwork<Float32Array> | undefined;
  /** Numbers of subclips. Default `[10]`, unless `subclipSeconds` are given. */
  readonly subclips?: readonly number[] | undefined;
  /**
   * Lengths of subclips in seconds, the same for all items, however long they are. In addition to
   * `subclips`, or instead of them.
   */
  readonly subclipSeconds?: readonly number[] | undefined;
  /** Statistics over the rows of a subclip. Default `['mean']`. */
  readonly statistics?: readonly Statistic[] | undefined;
  /** Which frames to use: all (`native`, the default), N per second, or key frames only. */
  readonly fps?: FrameSampling | undefined;
  /**
   * Whether a frame or patch that equals a recent one of the same video reuses its vector (`once`,
   * the default) or is computed again; the values are the same.
   */
  readonly repeatedFrames?: RepeatedFrames | undefined;
  /** Called for every frame as it is decoded; the frame is valid only during the call. */
  readonly onFrame?: ((frame: Frame, video: Video) => void) | undefined;
}

/**
 * Builds the graph of an extraction: a dataflow with two columns, `visual` and `audio`.
 *
 * @throws UsageError when an option is invalid, or neither network is given.
 *
 * @example
 * const graph = extractionGraph({ visual: network('alexnet', { weights: 'random:1' }) });
 */
export function extractionGraph(options: ExtractionOptions): VideoGraph {
  const { visual, audio, fps = 'native', repeatedFrames, onFrame } = options;
  if (visual === undefined && audio === undefined) {
    throw new UsageError('an extraction needs a visual or an audio network, but has neither');
  }
  const { subclips, subclipSeconds } = options;
  const cuts = checkCuts(
    { count: subclips ?? (subclipSeconds === undefined ? [10] : undefined), seconds: subclipSeconds },
    { count: 'subclips', seconds: 'subclipSeconds' },
  );
  const statistics = statisticNames.filter((statistic) => (options.statistics ?? ['mean']).includes(statistic));
  for (const statistic of options.statistics ?? ['mean']) checkOneOf('statistics', statistic, statisticNames);
  if (statistics.length === 0) throw new UsageError('an extraction needs at least one statistic');
  const policy = itemPolicy(options);
  const params: Json = {
    visual: visual === undefined ? null : networkIdentity(visual),
    audio: audio === undefined ? null : networkIdentity(audio),
    sampling: fps as Json,
    ...cutsAsJson(cuts),
    statistics,
  };

  const columns = (scope: VideoScope): Columns => {
    const made: Record<string, Observable<SubclipRow>> = {};
    const summary = scope.subclips({ count: cuts.counts, seconds: cuts.seconds, statistic: statistics });
    if (visual !== undefined) {
      const embedded = scope.embed(visual, { name: OPERATORS.embedVisual, repeatedFrames });
      made.visual = scope.frames({ ...visual.input, fps }).pipe(embedded, summary);
    }
    if (audio !== undefined) {
      const embedded = scope.embed(audio, { name: OPERATORS.embedAudio, repeatedFrames });
      made.audio = scope.audio(audio.input).pipe(embedded, summary);
    }
    return made;
  };
  const origin = {
    kind: 'extraction',
    visual: visual && networkSpec(visual),
    audio: audio && networkSpec(audio),
    duplicates: repeatedFrames,
  } as const;
  return dataflow({ name: 'extraction', params, columns, ...policy, origin, onFrame });
}
