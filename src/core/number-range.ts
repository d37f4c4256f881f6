/** Which numbers are allowed, and how a message says so. */
export interface NumberRange {
  readonly words: string;
  of(value: number): boolean;
}

/** Neither NaN nor infinite. */
export const finiteNumber: NumberRange = { words: 'a finite number', of: Number.isFinite };

/** The probability of something that may never happen. */
export const probability: NumberRange = { words: 'from 0 to 1', of: (value) => value >= 0 && value <= 1 };

/** The probability of something that has happened. */
export const positiveProbability: NumberRange = {
  words: 'above 0 and at most 1',
  of: (value) => value > 0 && value <= 1,
};
