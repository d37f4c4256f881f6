/** A question that was asked, and the answer: a rating, or undefined if the user had none. */
export interface AskedQuestion {
  readonly item: number;
  readonly answer: number | undefined;
}

/**
 * The item to ask about after these questions, never one of theirs; undefined if there is nothing
 * left to ask.
 */
export type NextQuestion = (asked: readonly AskedQuestion[]) => number | undefined;
