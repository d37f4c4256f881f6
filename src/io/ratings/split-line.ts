/**
 * The fields of a line, without surrounding spaces; spaces inside quotes count. With `quotes`, a
 * field that starts with `"` ends at the next `"` that is not doubled, as in CSV (RFC 4180), and
 * must end on the same line.
 *
 * @returns undefined if a quoted field is not closed, or is followed by anything but the
 * delimiter.
 */
export function splitLine(line: string, delimiter: string, quotes: boolean): string[] | undefined {
  if (!quotes || !line.includes('"')) return line.split(delimiter).map((field) => field.trim());
  const fields: string[] = [];
  for (let at = 0; ; ) {
    let end: number;
    if (line[at] === '"') {
      let close = line.indexOf('"', at + 1);
      while (close >= 0 && line[close + 1] === '"') close = line.indexOf('"', close + 2);
      if (close < 0) return undefined;
      fields.push(line.slice(at + 1, close).replaceAll('""', '"'));
      end = close + 1;
      if (end < line.length && !line.startsWith(delimiter, end)) return undefined;
    } else {
      end = line.indexOf(delimiter, at);
      if (end < 0) end = line.length;
      fields.push(line.slice(at, end).trim());
    }
    if (end >= line.length) return fields;
    at = end + delimiter.length;
  }
}
