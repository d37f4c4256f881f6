import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dataElement, html, prose } from '../../../src/io/report/html.ts';
import { pageHtml } from '../../../src/io/report/page.ts';
import { counted, tableHtml } from '../../../src/io/report/table.ts';

const HOSTILE = `</script><script>alert(1)</script>"'&<img src=x onerror=alert(2)>`;

describe('a page of a report', () => {
  it('shows what comes from data as text', () => {
    const page = pageHtml({
      title: HOSTILE,
      warnings: [HOSTILE],
      summary: HOSTILE,
      sections: [{ id: 'a', heading: HOSTILE, body: tableHtml(HOSTILE, [HOSTILE], [[HOSTILE, HOSTILE]]) }],
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
  });

  it('holds data that no value can end', () => {
    const element = dataElement('points', { title: HOSTILE, line: '\u2028' }).text;
    const inner = element.slice(element.indexOf('>') + 1, element.lastIndexOf('</script>'));
    expect(inner).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(inner)).toEqual({ title: HOSTILE, line: '\u2028' });
  });

  it('lets nothing run but its own script', () => {
    const script = 'document.title = "x";';
    const page = pageHtml({ title: 't', warnings: [], summary: 's', sections: [], script });
    expect(page).toContain(`script-src &#39;sha256-${createHash('sha256').update(script).digest('base64')}&#39;`);
    expect(page).toContain(`<script type="module">${script}</script>`);
    expect(pageHtml({ title: 't', warnings: [], summary: 's', sections: [] })).toContain('script-src &#39;none&#39;');
  });

  it('shows code between backticks as code, and one of a thing as one', () => {
    expect(prose('`k` is <b>, not `m`').text).toBe('<code>k</code> is &lt;b&gt;, not <code>m</code>');
    expect([counted(1, 'genre'), counted(1200, 'genre'), counted(0, 'genre')]).toEqual([
      ...['1 genre', '1,200 genres', '0 genres'],
    ]);
  });

  it('has no column that is empty in all rows, but the names of the rows', () => {
    const table = tableHtml(
      't',
      ['item', 'why', 'size'],
      [
        ['', '', 1],
        ['', undefined, 0],
      ],
    ).text;
    expect([...table.matchAll(/<th scope="col"[^>]*>([^<]*)/g)].map(([, head]) => head)).toEqual(['item', 'size']);
    expect(table.match(/<td/g)).toHaveLength(2);
  });

  it('joins lists, and leaves out what is not there', () => {
    expect(html`<p>${[1, html`<b>2</b>`]}${undefined}</p>`.text).toBe('<p>1<b>2</b></p>');
  });
});
