import { lastValueFrom } from 'rxjs';
import { abortable } from '../../core/abortable.ts';
import { FlowError, MediaError } from '../../core/errors.ts';
import { Gate } from '../../core/gate.ts';
import { runFault } from '../../core/run-fault.ts';
import { letterOf } from '../../io/dataset/dead-letter.ts';
import type { UnitTable } from '../../io/dataset/schema.ts';
import { unitSummary } from '../../io/dataset/unit-summary.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { Flow } from '../../operators/flow.ts';
import type { Bytes } from '../../operators/payload.ts';
import { graphId, PlanOutdated, type UnitPlan, unitKey } from '../graph.ts';
import { listener } from '../listener.ts';
import type { LocalRun, RunEvent } from './local.ts';
import { Turn } from './turn.ts';

/** How often an item is started if its content keeps changing while it is computed. */
const MAX_ATTEMPTS = 3;
/**
 * How often an item that differs from its plan is planned again: from its packets, then from its
 * samples.
 */
const MAX_REPLANS = 2;
/** A flow with less than this cannot keep a batch running. */
const MIN_BUDGET = 4 * 2 ** 20;

/** Releases an item's content. */
type Release = () => Promise<void>;

/** What identifies an item in its current state, and which stage it has reached when it fails. */
interface Place {
  readonly key: string;
  readonly fingerprint: string;
  /** Aborted when the item must stop. */
  readonly signal: AbortSignal;
  stage: string;
}

/** Takes items one by one to their commit or their dead letter. What it throws ends the run. */
export class ItemRunner<Item, Services> {
  readonly #run: LocalRun<Item, Services>;
  readonly #signal: AbortSignal;
  readonly #graphId: string;
  readonly #tell: (event: RunEvent<Item>) => void;
  readonly #gate: Gate;
  /** Limits how many items are computed at a time, if more than that are fetched. */
  readonly #turns: Gate;

  /** @param signal when aborted, running items are stopped. */
  constructor(run: LocalRun<Item, Services>, signal: AbortSignal) {
    this.#run = run;
    this.#signal = signal;
    this.#graphId = graphId(run.graph);
    this.#tell = listener('onEvent', run.onEvent);
    this.#gate = new Gate(run.memory?.decoders ?? Number.POSITIVE_INFINITY);
    this.#turns = new Gate(run.concurrency);
  }

  /** Bytes planned for the decoders of an item. */
  get #itemDecoders(): Bytes {
    return Math.floor((this.#run.memory?.decoders ?? 0) / this.#run.concurrency);
  }

  /**
   * Whether there is nothing left to do for an item, as far as can be told immediately: its unit is
   * committed and current, and its file is the one that the unit was made from. If so, reports it
   * as `run` would.
   */
  async isDoneAlready(item: Item): Promise<boolean> {
    const fingerprint = this.#run.knownFingerprint?.(item);
    if (fingerprint === undefined) return false;
    const { store, graph } = this.#run;
    const itemId = graph.itemId(item);
    const key = unitKey(this.#graphId, itemId, fingerprint);
    const done = await store.facts(key);
    if (done === undefined || !(await store.isCurrent(itemId, key))) return false;
    // A letter from when it could not be read has not been removed yet.
    if ((await store.hasLetters()) && (await store.hasLetter(this.#unreadable(itemId)))) return false;
    this.#tell({ type: 'already-done', item, key, fingerprint, unit: done });
    return true;
  }

  /** Runs one item. @throws what ends the run. */
  async run(item: Item): Promise<void> {
    const { ahead = 0, drain } = this.#run;
    const own = this.#run.itemSignal?.(item);
    const signal = own === undefined ? this.#signal : AbortSignal.any([this.#signal, own]);
    const turn = ahead > 0 ? new Turn(this.#turns, signal, drain) : undefined;
    try {
      await this.#runUntil(item, turn?.signal ?? signal, turn);
    } catch (error) {
      // An item that was stopped is not at fault, whatever the error says.
      const isLeft = own?.aborted === true || turn?.isLost === true;
      if (!isLeft || this.#signal.aborted) throw error;
      this.#tell({ type: 'abandoned', item });
    } finally {
      turn?.end();
    }
  }

  async #runUntil(item: Item, signal: AbortSignal, turn: Turn | undefined): Promise<void> {
    const itemId = this.#run.graph.itemId(item);
    const unreadable = this.#unreadable(itemId);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      let fingerprint: string;
      try {
        fingerprint = await this.#run.fingerprint(item, signal);
      } catch (error) {
        if (!(error instanceof MediaError) || runFault(error) !== undefined) throw error;
        return this.#record(item, { key: unreadable, fingerprint: undefined }, error, 'read');
      }
      // The file is readable again, so the letter from when it was not is obsolete.
      await this.#run.store.retry([unreadable]);
      if (await this.#attempt(item, itemId, { fingerprint, signal, turn })) return;
    }
    const changing = new MediaError('unreadable', `'${itemId}' kept changing while it was being processed`, {
      remedy: 'Run it again once nothing writes to it any longer.',
    });
    return this.#record(item, { key: unreadable, fingerprint: undefined }, changing, 'read');
  }

  /**
   * The key of an item's letter if its file cannot be read, and so has no content to identify it.
   */
  #unreadable(itemId: string): string {
    return unitKey(this.#graphId, itemId, 'unreadable');
  }

  /** Finishes the item in its current state; false if it changed while it was computed. */
  async #attempt(
    item: Item,
    itemId: string,
    { turn, ...as }: Pick<Place, 'fingerprint' | 'signal'> & { readonly turn: Turn | undefined },
  ): Promise<boolean> {
    const { fingerprint } = as;
    const { store } = this.#run;
    const key = unitKey(this.#graphId, itemId, fingerprint);
    const place: Place = { ...as, key, stage: 'probe' };
    if (await this.#isDone(item, itemId, place)) return true;
    const letter = await store.letter(key);
    if (letter !== undefined && this.#run.retry?.(letter) !== true) {
      this.#tell({ type: 'dead', item, fingerprint, letter, earlier: true });
      return true;
    }
    if (letter !== undefined) await store.retry([key]);
    const verdict = this.#run.verdict?.(item);
    if (verdict !== undefined) {
      await this.#record(item, place, verdict, 'decode');
      return true;
    }
    const former = await this.#run.formerUnit?.(fingerprint, itemId);
    if (former !== undefined) {
      await this.#commit(item, place, former, { before: [], renamed: true });
      return true;
    }
    const cached = await this.#lookUp(fingerprint, itemId);
    if (cached !== undefined) {
      await this.#commit(item, place, cached, { before: [], cached: true });
      return true;
    }
    let letGo: Release | undefined | 'changed';
    try {
      letGo = await this.#held(item, place);
    } catch (error) {
      if (!(error instanceof MediaError) || runFault(error) !== undefined) throw error;
      if (await this.#hasChanged(item, place)) return false;
      await this.#record(item, place, error, 'read');
      return true;
    }
    if (letGo === 'changed') return false;
    try {
      await turn?.comes();
      return await this.#decided(item, itemId, place);
    } finally {
      await letGo?.();
      turn?.passes();
    }
  }

  /**
   * Makes the item's content available; `changed` if it has changed by now.
   * @throws MediaError if it cannot be fetched.
   */
  async #held(item: Item, place: Place): Promise<Release | undefined | 'changed'> {
    const letGo = await this.#run.hold?.(item, place.signal);
    if (letGo === undefined) return undefined;
    try {
      if (!(await this.#hasChanged(item, place))) return letGo;
    } catch (error) {
      await letGo();
      throw error;
    }
    await letGo();
    return 'changed';
  }

  /** Computes an item and commits it, or its dead letter; false if it changed in the meantime. */
  async #decided(item: Item, itemId: string, place: Place): Promise<boolean> {
    const { fingerprint, signal } = place;
    let table: UnitTable | undefined;
    try {
      table = await this.#compute(item, itemId, place);
    } catch (error) {
      if (signal.aborted || place.stage === 'open' || runFault(error) !== undefined) throw error;
      if (await this.#hasChanged(item, place)) return false;
      await this.#record(item, place, error, place.stage);
      return true;
    }
    if (table === undefined) return true;
    if (await this.#hasChanged(item, place)) return false;
    if (await this.#commit(item, place, table, { before: this.#run.operators.before })) {
      await this.#run.cache?.set(fingerprint, table);
    }
    return true;
  }

  /** The item's unit; undefined if there is nothing to compute after all. */
  async #compute(item: Item, itemId: string, place: Place): Promise<UnitTable | undefined> {
    for (let left = MAX_REPLANS; ; left -= 1) {
      try {
        return await this.#asPlanned(item, itemId, place, left > 0);
      } catch (error) {
        if (!(error instanceof PlanOutdated) || left === 0) throw error;
        place.stage = 'probe';
      }
    }
  }

  /**
   * Prepares an item, waits until there is room for what it needs, and computes it.
   * @throws PlanOutdated if `mayReplan`.
   */
  async #asPlanned(item: Item, itemId: string, place: Place, mayReplan: boolean): Promise<UnitTable | undefined> {
    const { graph } = this.#run;
    // A probe uses the memory planned for the item's decoders, which run later, so it must not run
    // alongside an item that was given everything.
    const { signal } = place;
    const plan = await this.#inTurn(this.#itemDecoders, signal, () => graph.prepare(item, signal));
    if (plan.skip !== undefined) {
      this.#tell({ type: 'skipped', item, fingerprint: place.fingerprint, reason: plan.skip });
      return undefined;
    }
    const needsAll = this.#needsAll(plan);
    place.stage = 'open';
    const services = await this.#run.services();
    // Another process may have been faster.
    if (await this.#isDone(item, itemId, place)) return undefined;
    place.stage = 'decode';
    const decode = async (flow: Flow): Promise<UnitTable> => {
      this.#tell({ type: 'started', item, seconds: plan.seconds });
      const scope = flow.scope(itemId, { claim: plan.claim, kept: plan.kept });
      const reached = (seconds: number) => this.#tell({ type: 'reached', item, seconds });
      const unit = graph.unit(item, { scope, services, signal, reached, mayReplan });
      return lastValueFrom(abortable(unit, signal, 'the run'));
    };
    if (needsAll) return this.#alone(plan, signal, decode);
    try {
      return await this.#inTurn(plan.decoders ?? 0, signal, () => decode(this.#run.flow));
    } catch (error) {
      // It holds more than it claimed, as happens with variable frame rates. Alone, it has more
      // room.
      if (!isBudgetTooSmall(error) || this.#budgetAlone(plan) <= this.#run.flow.budget) throw error;
      return await this.#alone(plan, signal, decode);
    }
  }

  /**
   * Whether an item needs everything that the run leaves, because its decoders or what it holds are
   * larger than the sample suggested.
   *
   * @throws FlowError `budget-too-small` naming a sufficient limit, if even that is too
   * little.
   */
  #needsAll(plan: UnitPlan): boolean {
    const { flow, memory } = this.#run;
    const decoders = plan.decoders ?? 0;
    if (plan.claim <= flow.budget && decoders <= (memory?.decoders ?? decoders)) return false;
    if (plan.claim <= this.#budgetAlone(plan)) return true;
    const more = memory && memory.limit + decoders + Math.max(plan.claim, MIN_BUDGET) - memory.alone;
    throw tooLarge(plan, memory?.alone ?? flow.budget, more);
  }

  /**
   * Bytes that an item may hold between operators when it runs alone; 0 if the run does not state
   * it.
   */
  #budgetAlone(plan: UnitPlan): Bytes {
    const left = (this.#run.memory?.alone ?? 0) - (plan.decoders ?? 0);
    return left < MIN_BUDGET ? 0 : left;
  }

  #alone(plan: UnitPlan, signal: AbortSignal, decode: (flow: Flow) => Promise<UnitTable>): Promise<UnitTable> {
    const flow = this.#run.memory?.flow(this.#budgetAlone(plan)) ?? this.#run.flow;
    return this.#inTurn('alone', signal, () => decode(flow));
  }

  async #inTurn<Result>(decoders: Bytes | 'alone', signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const leave = await this.#gate.enter(decoders, signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  async #isDone(item: Item, itemId: string, { key, fingerprint }: Place): Promise<boolean> {
    const done = await this.#run.store.facts(key);
    if (done === undefined) return false;
    // A file that was restored to an earlier content has an older unit.
    await this.#run.store.makeCurrent(itemId, key);
    this.#tell({ type: 'already-done', item, key, fingerprint, unit: done });
    return true;
  }

  /**
   * Whether the item's content is no longer what it was, which includes content that can no longer
   * be read.
   */
  async #hasChanged(item: Item, { fingerprint, signal }: Place): Promise<boolean> {
    try {
      return (await this.#run.fingerprint(item, signal)) !== fingerprint;
    } catch (error) {
      if (!(error instanceof MediaError) || runFault(error) !== undefined) throw error;
      return true;
    }
  }

  async #lookUp(fingerprint: string, itemId: string): Promise<UnitTable | undefined> {
    if (this.#run.cache === undefined) return undefined;
    const meter = this.#run.flow.meter(this.#run.operators.cache ?? 'cache');
    meter.in += 1;
    const working = meter.busy();
    try {
      const unit = await this.#run.cache.get(fingerprint, itemId);
      if (unit !== undefined) meter.out += 1;
      return unit;
    } finally {
      working.end();
    }
  }

  /**
   * Commits a unit, or records a dead letter for an item whose rows cannot be written.
   * @returns whether this call committed it.
   */
  async #commit(
    item: Item,
    place: Place,
    table: UnitTable,
    how: {
      readonly before: readonly string[];
      readonly cached?: boolean | undefined;
      readonly renamed?: boolean | undefined;
    },
  ): Promise<boolean> {
    const waiting = how.before.map((operator) => this.#run.flow.meter(operator).blocked());
    const meter = this.#run.flow.meter(this.#run.operators.commit);
    meter.in += 1;
    const working = meter.busy();
    const { key, fingerprint } = place;
    let outcome: 'committed' | 'duplicate';
    try {
      outcome = await this.#run.store.commit(key, table);
      meter.out += 1;
    } catch (error) {
      // The store's own errors would affect every item; rows that cannot be encoded, for instance
      // because of their size, are the item's fault.
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      await this.#record(item, place, error, 'commit');
      return false;
    } finally {
      working.end();
      for (const operator of waiting) operator.end();
    }
    const unit = unitSummary(table);
    // Another process was first, so its unit counts.
    if (outcome === 'duplicate') {
      this.#tell({ type: 'already-done', item, key, fingerprint, unit });
      return false;
    }
    this.#tell({ type: 'committed', item, key, fingerprint, unit, cached: how.cached, renamed: how.renamed });
    return true;
  }

  async #record(
    item: Item,
    of: Pick<Place, 'key'> & { readonly fingerprint: string | undefined },
    error: unknown,
    stage: string,
  ): Promise<void> {
    const letter = letterOf(this.#run.graph.itemId(item), error, stage);
    await this.#run.store.record(of.key, letter);
    this.#tell({ type: 'dead', item, fingerprint: of.fingerprint, letter, earlier: false });
  }
}

function isBudgetTooSmall(error: unknown): boolean {
  return error instanceof FlowError && error.code === 'budget-too-small';
}

function tooLarge(plan: UnitPlan, left: Bytes, limit: Bytes | undefined): FlowError {
  const { claim, decoders = 0 } = plan;
  const needs = `${formatBytes(claim)} at once${decoders > 0 ? `, and its decoders take ${formatBytes(decoders)}` : ''}`;
  const raise = limit === undefined ? 'Raise `memory`' : `Give \`memory: '${Math.ceil(limit / 2 ** 20)}MiB'\` or more`;
  return new FlowError(
    'budget-too-small',
    `this video may need ${needs}: more than the ${formatBytes(left)} available to it`,
    {
      remedy: `${raise}, sample fewer frames (\`fps\`), use more subclips, or leave out the median statistics.`,
    },
  );
}
