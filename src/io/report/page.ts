import { createHash } from 'node:crypto';
import { Html, html, prose } from './html.ts';
import { pageStyle } from './page-style.ts';

/** A page of a report. */
export interface Page {
  readonly title: string;
  /** What a reader must know first, such as that weights were random; code between backticks. */
  readonly warnings: readonly string[];
  /** One sentence below the title; code between backticks. */
  readonly summary: string;
  readonly sections: readonly PageSection[];
  /** Links to other pages of the same server, above the title. */
  readonly elsewhere?: readonly { readonly href: string; readonly name: string }[] | undefined;
  /** Whether forms may send requests to the page's own server. Default false. */
  readonly hasForms?: boolean | undefined;
  /** A script that makes figures interactive; the page is complete without it. */
  readonly script?: string | undefined;
}

/** A section of a page, with a heading that the table of contents links to. */
export interface PageSection {
  readonly id: string;
  readonly heading: string;
  readonly body: Html;
}

/**
 * A page as a single self-contained HTML file: no network, no other files. Its policy allows only
 * its own script to run, and nothing to be loaded from anywhere.
 */
export function pageHtml({ title, warnings, summary, sections, elsewhere, hasForms = false, script }: Page): string {
  const run = script === undefined ? "'none'" : `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src ${run}; base-uri 'none'; form-action ${hasForms ? "'self'" : "'none'"}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="reelflow">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<header>
${elsewhere === undefined ? undefined : html`<nav aria-label="Pages" class="pages"><ul>${elsewhere.map(({ href, name }) => html`<li><a href="${href}">${name}</a></li>`)}</ul></nav>`}
<h1>${title}</h1>
<p>${prose(summary)}</p>
${warnings.map((warning) => html`<p class="warning" role="note">${prose(warning)}</p>`)}
<nav aria-label="Contents"><ul>${sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}</ul></nav>
</header>
<main>
${sections.map(({ id, heading, body }) => html`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${heading}</h2>${body}</section>\n`)}
</main>
${script === undefined ? undefined : html`<script type="module">${new Html(script)}</script>`}
</body>
</html>
`;
  return page.text;
}
