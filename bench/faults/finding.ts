/** What came of one input, beside what should. */
export interface Finding {
  readonly kind: 'media' | 'networks' | 'tables';
  readonly file: string;
  /** `whole`, `partial`, `dead:CODE`, `reduced`, `refused:CODE`, `crashed (...)` and so on. */
  readonly verdict: string;
  /** What was counted, as a person reads it. */
  readonly counted: string;
  readonly expected: string;
  /** A sentence for each thing that is not as expected; none: it is as it should be. */
  readonly differences: readonly string[];
  /** What the product said of it. */
  readonly said: string;
}

/** One line for an input, and one for each difference. */
export function findingLines(finding: Finding): string[] {
  const { differences, file, verdict, counted, expected, said } = finding;
  const lines = [
    `${differences.length === 0 ? 'ok ' : 'NOT'}  ${file.padEnd(52)} ${`${verdict}  ${counted}`.padEnd(58)} expected ${expected}`,
  ];
  for (const difference of differences) lines.push(`       ${difference}`);
  if (differences.length > 0 && said !== '') lines.push(`       said: ${said.slice(0, 200)}`);
  return lines;
}
