import type { Audience } from '../src/graphs/recommenders/audience.ts';
import type { RankedUsers } from '../src/graphs/recommenders/rank-users.ts';

/** Length of the longest bar, in characters. */
const LONGEST_BAR = 40;

/** Users ranked for an item, and who would like it, for a terminal. */
export function audienceText(ranked: RankedUsers): string {
  const { itemId, title, recommender, ratings, candidates, mean, users, audience, against, trainedOn } = ranked;
  const head = `${recommender} for ${title ?? itemId} [${itemId}], ${knownBy(ratings)}: the best of ${candidates} users, mean ${mean.toFixed(2)}`;
  const lines = users.map(
    ({ user, prediction }, place) => `${String(place + 1).padStart(3)}  ${prediction.toFixed(2)}  user ${user}`,
  );
  const other =
    against?.audience === undefined
      ? []
      : ['', `${against.itemId}, mean ${against.audience.mean.toFixed(2)}:`, ...shareText(against.audience)];
  const compared =
    against === undefined
      ? []
      : [
          `${itemId} minus ${against.itemId}, over the same users: ${against.difference.toFixed(3)} (95 % ${against.interval.low.toFixed(3)} to ${against.interval.high.toFixed(3)}; paired t-test, p ${against.p.toPrecision(2)})`,
        ];
  const own = audience === undefined ? [] : ['', ...shareText(audience), ...bars(audience)];
  return `${[head, ...lines, ...own, ...other, ...compared, '', ...trainedOn].join('\n')}\n`;
}

function shareText({ share, interval, threshold, users, calibration }: Audience): string[] {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const sign = (value: number) => (value < 0 ? '' : '+');
  const doubt =
    calibration === undefined
      ? 'how far such predictions are from ratings is unknown: every rating was used in training'
      : `on ${calibration.ratings} held-out ratings, predictions are ${sign(calibration.bias)}${calibration.bias.toFixed(2)} off on average, and their share ${sign(calibration.shareError)}${percent(calibration.shareError)}`;
  return [
    `${percent(share)} of ${users} users are predicted at ${threshold} or more (95 % bootstrap over users ${percent(interval.low)} to ${percent(interval.high)}); ${doubt}`,
  ];
}

function bars({ histogram }: Audience): string[] {
  const most = Math.max(1, ...histogram.map(({ users }) => users));
  return histogram.map(
    ({ from, to, users }) =>
      `  ${from.toFixed(1)} to ${to.toFixed(1)}  ${'#'.repeat(Math.round((LONGEST_BAR * users) / most))} ${users}`,
  );
}

/** How many ratings an item has, in words. */
export function knownBy(ratings: number): string {
  return ratings === 0 ? 'not rated by anybody' : `${ratings} rating${ratings === 1 ? '' : 's'}`;
}
