/** A question that was asked, and the rating that answered it; undefined if the user had none. */
export interface AskedQuestion {
  readonly item: number;
  readonly answer: number | undefined;
}

/**
 * The item to ask about after these questions, none of which it repeats; undefined when there is
 * nothing left to ask.
 */
export type NextQuestion = (asked: readonly AskedQuestion[]) => number | undefined;
