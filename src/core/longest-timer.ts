/** The longest that a timer of Node.js can run, in milliseconds: longer ones are over at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;
