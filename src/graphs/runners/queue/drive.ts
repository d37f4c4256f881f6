import { MediaError } from '../../../core/errors.ts';
import type { CommitStore } from '../../../io/dataset/commit-store.ts';
import type { DeadLetter } from '../../../io/dataset/dead-letter.ts';
import { outcomes } from '../../../io/dataset/outcomes.ts';
import type { ContentPlace } from '../../../io/far/far-content.ts';
import type { Video } from '../../../io/media/video.ts';
import { openDriverQueue } from '../../../io/queue/driver-queue.ts';
import { unitKey } from '../../graph.ts';
import { changedNow } from '../../run-items.ts';
import { isAnythingClaimed } from '../claims.ts';
import type { RunEvent } from '../local.ts';
import type { Fleet } from './fleet.ts';
import { QueueDriver } from './queue-driver.ts';
import { queueOfDriver } from './queue-file.ts';

/** What is needed to have a run's items computed by the workers of a queue. */
export interface Driving {
  /** Address of the queue's server. */
  readonly uri: string;
  readonly graphId: string;
  readonly corpus: readonly Video[];
  readonly store: CommitStore;
  readonly fingerprint: (place: ContentPlace, signal: AbortSignal) => Promise<string>;
  /** The fingerprint, if known without reading the content. */
  readonly knownFingerprint?: ((place: ContentPlace) => string | undefined) | undefined;
  /** Whether a dead letter is worth another try. */
  readonly retry: (letter: DeadLetter) => boolean;
  readonly fleet: Fleet;
  readonly stop: AbortSignal;
  readonly say: (sentence: string) => void;
  /** See `QueueDriver`. */
  readonly standstill?: number | undefined;
  /** Called for every finished item when the run ends, with what the dataset says about it. */
  readonly onEvent: (event: RunEvent<Video>) => void;
}

/** Fills a queue until the dataset says that everything is done, or until it is stopped. */
export async function driveQueue(driving: Driving): Promise<void> {
  const { uri, graphId, corpus, store, fleet, stop, say } = driving;
  const name = await queueOfDriver(store.directory, graphId);
  let driver: QueueDriver<Video> | undefined;
  const queue = await openDriverQueue(uri, name, {
    onReport: (report) => fleet.take(report),
    onRefusal: (reason) => {
      if (fleet.refuse(reason)) say(`a worker refused a job: ${reason}`);
    },
    onError: (error) => driver?.outage(error),
  });
  try {
    say(`the queue is '${name}'; its jobs wait for \`runWorker()\``);
    driver = new QueueDriver({
      items: corpus,
      queue,
      jobOf: ({ id }) => ({ item: id, graph: graphId }),
      outcomes: () => outcomes(store),
      isSettled: (video, mayRetry) => isSettled(driving, video, mayRetry),
      reopen: async ({ id }) => {
        const items = await store.items();
        items.note(id, { state: 'waiting', ...changedNow() });
        await items.flush();
      },
      isWorkedOn: () => isAnythingClaimed(store.directory),
      ...{ fleet, stop, say, standstill: driving.standstill },
    });
    await driver.run();
    await tellOutcomes(driving, driver.settled);
  } finally {
    await queue.close();
  }
}

/** Whether an item has a unit or a dead letter for the current state of its file. */
async function isSettled(
  { store, graphId, fingerprint, knownFingerprint, retry, stop }: Driving,
  { id, content }: Video,
  mayRetry: boolean,
): Promise<boolean> {
  let key: string;
  try {
    // At the start of a run a listing has just identified the objects; later they may have changed.
    const known = mayRetry ? knownFingerprint?.(content) : undefined;
    key = unitKey(graphId, id, known ?? (await fingerprint(content, stop)));
  } catch (error) {
    if (!(error instanceof MediaError)) {
      if (stop.aborted) return false;
      throw error;
    }
    // It is tried again in every run, since it may have become readable.
    return !mayRetry && (await store.letter(unitKey(graphId, id, 'unreadable'))) !== undefined;
  }
  if ((await store.facts(key)) !== undefined) return store.isCurrent(id, key);
  const letter = await store.letter(key);
  return letter !== undefined && !(mayRetry && retry(letter));
}

/**
 * Reports what the dataset says about every item, as a run in this process would have reported it.
 */
async function tellOutcomes({ corpus, store, onEvent }: Driving, settled: ReadonlySet<string>): Promise<void> {
  const untold = new Map(corpus.map((video) => [video.id, video]));
  const taken = (id: string): Video | undefined => {
    const video = untold.get(id);
    untold.delete(id);
    return video;
  };
  for (const { letter } of await store.letters()) {
    const item = taken(letter.item);
    if (item === undefined) continue;
    onEvent({ type: 'dead', item, fingerprint: undefined, letter, earlier: settled.has(item.id) });
  }
  await store.eachCurrentUnit('aside', ({ key, facts }) => {
    const item = taken(facts.itemId);
    if (item === undefined) return;
    const of = { item, key, fingerprint: '' };
    if (settled.has(item.id)) onEvent({ type: 'already-done', ...of, unit: facts });
    else onEvent({ type: 'committed', ...of, unit: { ...facts, notes: [], media: {} } });
  });
  const items = await store.items();
  for (const item of untold.values()) {
    const { state, code = 'skipped' } = items.get(item.id) ?? {};
    if (state === 'skipped') onEvent({ type: 'skipped', item, fingerprint: '', reason: code });
  }
}
