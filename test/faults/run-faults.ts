import { setTimeout as sleep } from 'node:timers/promises';
import { Campaign, type Verdict } from './campaign.ts';
import { FAULTS } from './fault-kinds.ts';
import type { FleetName } from './queue-server.ts';

/** What many campaigns have shown. */
export interface FaultReport {
  /** How often each fault was done. */
  readonly faults: Record<string, number>;
  campaigns: number;
  /** What differed, by campaign. */
  readonly failures: (Verdict & {
    readonly fleet: string;
    readonly done: readonly string[];
    readonly printed: string;
  })[];
}

/** Which faults are done, and to what. */
export interface FaultChoice {
  /** Kinds that may be done. Default: all. */
  readonly kinds?: readonly string[];
  /** What divides the corpus, in turn: the servers of queues, or shards. */
  readonly fleets: readonly FleetName[];
}

/** Kinds that are done once in a campaign at most, since each costs its fleet seconds. */
const ONCE = ['an item that kills its worker is added', 'a worker is stopped for longer than its lock, and continues'];

/**
 * Does random faults to one campaign after another, and compares the dataset after each campaign.
 *
 * @param faults in a campaign.
 */
export async function runFaults(
  hasTime: (report: FaultReport) => boolean,
  faults: number,
  { kinds = Object.keys(FAULTS), fleets }: FaultChoice,
  tell: (report: FaultReport) => void = () => undefined,
): Promise<FaultReport> {
  const report: FaultReport = {
    faults: Object.fromEntries(kinds.map((kind) => [kind, 0])),
    campaigns: 0,
    failures: [],
  };
  while (hasTime(report)) {
    const fleet = fleets[report.campaigns % fleets.length];
    if (fleet === undefined) throw new Error('there is nothing that divides the corpus');
    const campaign = await Campaign.start(fleet);
    const done: string[] = [];
    // Each kind in turn, in another order every time.
    let left: string[] = [];
    try {
      while (done.length < faults) {
        if (left.length === 0) left = kinds.filter((kind) => !ONCE.includes(kind) || !done.includes(kind));
        const [kind = ''] = left.splice(Math.floor(Math.random() * left.length), 1);
        if ((await FAULTS[kind]?.(campaign)) === true) {
          done.push(kind);
          report.faults[kind] = (report.faults[kind] ?? 0) + 1;
        }
        campaign.driver();
        await sleep(30 + Math.random() * 150);
      }
      const verdict = await campaign.end();
      report.campaigns += 1;
      const { lost, duplicated, other } = verdict;
      if (lost.length + duplicated.length + other.length > 0) {
        report.failures.push({ ...verdict, fleet, done, printed: campaign.printed });
      }
      tell(report);
    } catch (error) {
      await campaign.abandon();
      throw error;
    }
  }
  return report;
}
