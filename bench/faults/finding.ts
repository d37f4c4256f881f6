/** The outcome of one input, and the expected one. */
export interface Finding {
  readonly kind: 'media' | 'networks' | 'tables';
  readonly file: string;
  /** `whole`, `partial`, `dead:CODE`, `reduced`, `refused:CODE`, `crashed (...)` and so on. */
  readonly verdict: string;
  /** What was counted, in words. */
  readonly counted: string;
  readonly expected: string;
  /** A sentence for each thing that differs from the expectation; empty if nothing does. */
  readonly differences: readonly string[];
  /** What the product said about it. */
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
