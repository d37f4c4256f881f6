import { createHash } from 'node:crypto';
import { type Html, html } from '../../io/report/html.ts';
import { type PageSection, pageHtml } from '../../io/report/page.ts';
import { pageStyle } from '../../io/report/page-style.ts';
import { endpointsOf } from './endpoints.ts';
import type { OpenServed } from './open-served.ts';

/**
 * The policy of every answer: nothing runs or is loaded, except the pages' own styles and forms.
 */
export const servedPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** A page about what is served, with links to the others. */
export function servedPage(
  served: OpenServed,
  title: string,
  summary: string,
  sections: readonly PageSection[],
): string {
  const { features, recommender } = served;
  const random = features?.random ?? [];
  return pageHtml({
    ...{ title, summary, sections, hasForms: true },
    warnings:
      random.length === 0
        ? []
        : [`${random.join(' and ')}: made by networks with random weights, so similarity is meaningless.`],
    elsewhere: [
      { href: '/', name: 'What is served' },
      ...(features === undefined ? [] : [{ href: '/items', name: 'Items' }]),
      ...(recommender === undefined ? [] : [{ href: '/recommender', name: 'Recommender' }]),
    ],
  });
}

/** A link to the page of an item, if it has one. */
export function itemLink(id: string, title: string | undefined): Html {
  return html`<a href="/item?id=${encodeURIComponent(id)}">${title ?? id}</a>`;
}

/** A list of those facts that are known. */
export function factsList(facts: readonly (readonly [name: string, value: string | number | undefined])[]): Html {
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  return html`<dl class="facts">${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** A form that submits by GET. */
export function askForm(action: string, name: string, fields: readonly Html[], button: string): Html {
  return html`<form class="ask" action="${action}" method="get" aria-label="${name}">${fields}<button>${button}</button></form>`;
}

/** A text field of a form. */
export function textField(name: string, label: string, value: string | undefined): Html {
  return html`<label>${label}<input name="${name}" value="${value ?? ''}"></label>`;
}

/** A check box of a form. */
export function checkField(name: string, label: string, isTicked: boolean): Html {
  return isTicked
    ? html`<label class="check"><input type="checkbox" name="${name}" value="true" checked>${label}</label>`
    : html`<label class="check"><input type="checkbox" name="${name}" value="true">${label}</label>`;
}

/** The available endpoints, as rows of a table. */
export function endpointRows(served: OpenServed): readonly (readonly string[])[] {
  return endpointsOf(served).map(({ name, takes, does }) => [`/api/${name}`, Object.keys(takes).join(', '), does]);
}
