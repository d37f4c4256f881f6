/** The longest delay of a Node.js timer, in milliseconds: longer ones fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;
