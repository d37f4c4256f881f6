/**
 * Why an item is left out by `maxDuration`; undefined when it is not. The one rule, wherever a
 * length becomes known.
 */
export function tooLong(seconds: number, maxDuration: number | undefined): string | undefined {
  if (maxDuration === undefined || seconds <= maxDuration) return undefined;
  return `lasts ${seconds.toFixed(1)} s, longer than \`maxDuration: ${maxDuration}\``;
}
