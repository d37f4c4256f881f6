import type { ExperimentProgress } from '../src/graphs/experiment/experiment-tally.ts';
import { duration } from '../src/graphs/explain.ts';
import type { FitProgress } from '../src/graphs/recommenders/fit-data.ts';

/** A line for a terminal: how far a training is, and the longest it can take. */
export function trainingLine(progress: FitProgress): string {
  const { part, epoch, epochs, loss, validationLoss, share, epochSeconds, secondsLeft } = progress;
  const pace =
    epochSeconds === undefined || secondsLeft === undefined
      ? ''
      : ` (about ${duration(epochSeconds)} an epoch, ${duration(secondsLeft)} to the last)`;
  const validation = validationLoss === undefined ? '' : `  validation loss ${validationLoss.toFixed(4)}`;
  const what = part === undefined ? '' : `${part}: `;
  return `${what}${epochText({ epoch, epochs, share })}${pace}  loss ${loss.toFixed(4)}${validation}`;
}

/** A line for a terminal: the points of an experiment, and how far the current training is. */
export function experimentLine(progress: ExperimentProgress): string {
  const { part, done, total, secondsLeft, point, epoch, epochs, share, pointSecondsLeft } = progress;
  const what = part === 'trials' ? 'trials on the validation part' : 'points';
  const left = secondsLeft === undefined ? '' : `  ${duration(secondsLeft)} left`;
  const toLast = pointSecondsLeft === undefined ? '' : ` (${duration(pointSecondsLeft)} to the last)`;
  const course = epoch === undefined || epochs === undefined ? '' : `, ${epochText({ epoch, epochs, share })}${toLast}`;
  return `${done}/${total} ${what}${left}${point === undefined ? '' : `  ${point}${course}`}`;
}

function epochText({ epoch, epochs, share }: Pick<FitProgress, 'epoch' | 'epochs' | 'share'>): string {
  const done = share === undefined ? '' : `, ${Math.floor(100 * share)} %`;
  return `epoch ${epoch} of at most ${epochs}${done}`;
}
