import { explorerHtml, explorerScript } from '../../io/report/explorer.ts';
import { contourFigure, lineFigure, matrixFigure } from '../../io/report/figures.ts';
import { type Html, html } from '../../io/report/html.ts';
import { type PageSection, pageHtml } from '../../io/report/page.ts';
import { counted, figureHtml, tableHtml } from '../../io/report/table.ts';
import type { Overlaps } from '../../models/analysis/bhattacharyya.ts';
import type { FeatureAnalysis } from './analyse-features.ts';
import type { GroupOverlaps, StreamAnalysis } from './analyse-stream.ts';

/** The page that shows an analysis of features. */
export function analysisPage(analysis: FeatureAnalysis): string {
  const { streams, statistic } = analysis;
  const random = streams.filter((stream) => stream.random).map(({ stream }) => stream);
  return pageHtml({
    title: `What is in ${analysis.name}${random.length > 0 ? ' (RANDOM weights)' : ''}`,
    warnings:
      random.length === 0
        ? []
        : [`${random.join(' and ')}: made by networks with random weights. Structure may appear that means nothing.`],
    summary: `${statistic === undefined ? '' : `Statistic ${statistic}: `}${streams
      .map(
        ({ stream, rows, items, dimension }) =>
          `${stream} with ${counted(rows, 'row')} of ${counted(items, 'item')}, ${counted(dimension, 'value')} each`,
      )
      .join('; ')}.`,
    sections: streams.flatMap((stream) => streamSections(stream, analysis)),
    script: explorerScript(),
  });
}

function streamSections(stream: StreamAnalysis, analysis: FeatureAnalysis): PageSection[] {
  const name = stream.stream;
  const sections: PageSection[] = [
    { id: `${name}-plane`, heading: `${name}: all rows in the plane`, body: planeBody(stream, analysis) },
    { id: `${name}-numbers`, heading: `${name}: in numbers`, body: numbersBody(stream) },
  ];
  if (stream.subclips !== undefined) {
    sections.push({
      id: `${name}-subclips`,
      heading: `${name}: by subclip`,
      body: groupsBody(stream.subclips, stream, 'subclip'),
    });
  }
  if (stream.genres !== undefined) {
    sections.push({
      id: `${name}-genres`,
      heading: `${name}: by genre`,
      body: groupsBody(stream.genres, stream, 'genre'),
    });
  }
  if (stream.spectrum !== undefined) {
    sections.push({ id: `${name}-variance`, heading: `${name}: explained variance`, body: varianceBody(stream) });
  }
  return sections;
}

function planeBody(stream: StreamAnalysis, { items, of }: FeatureAnalysis): Html {
  const { extent, plane, parts, neighbours, searchedComponents } = stream;
  const scaled = (axis: 0 | 1) => {
    const [from, to] = axis === 0 ? extent.x : extent.y;
    return Array.from({ length: plane.count }, (_, row) =>
      Math.round((9999 * ((plane.values[2 * row + axis] as number) - from)) / (to - from)),
    );
  };
  const rows = of.get(stream.stream);
  const explorer = rows && {
    ...{ x: scaled(0), y: scaled(1), item: Array.from(rows.items), subclip: Array.from(rows.subclips) },
    items: rows.itemIds.map((id) => ({ id, ...(items.get(id) ?? { genres: [] }) })),
  };
  return html`<p>UMAP of all rows (${neighbours} neighbours). Near points are alike; distances between far groups mean little.${
    parts > 1
      ? ` The graph of neighbours fell into ${parts} parts, which were joined by their nearest points to lay them out.`
      : ''
  }${
    searchedComponents === undefined
      ? ''
      : ` Above 5,000 rows neighbours are approximate: twice as many candidates for each row were found in the first ${searchedComponents} principal components, and the nearest of them by all ${stream.dimension} values were kept.`
  }</p>
${explorer && explorerHtml(`${stream.stream}-points`, `${stream.stream} rows in the plane`, explorer)}
${figureHtml(contourFigure(stream.density, `Density of all ${stream.stream} rows in the plane`, 420), 'Density of all rows: contours at eight levels of its peak.')}`;
}

function numbersBody(stream: StreamAnalysis): Html {
  const { faithfulness, silhouetteBySubclip, silhouetteByGenre, genrePrediction, ratingProbe } = stream;
  const rows: [string, string, string][] = [
    [
      'Trustworthiness',
      figure(faithfulness.trustworthiness),
      `whether neighbours in the plane are neighbours in the features (k = ${faithfulness.k}, ${counted(faithfulness.asked, 'row')} asked; 1 is perfect)`,
    ],
    ['Continuity', figure(faithfulness.continuity), 'whether neighbours in the features are neighbours in the plane'],
  ];
  if (silhouetteBySubclip !== undefined) {
    rows.push([
      'Silhouette by subclip',
      figure(silhouetteBySubclip),
      'how far apart subclip numbers lie in the features (-1 to 1, 0: not at all)',
    ]);
  }
  if (silhouetteByGenre !== undefined) {
    rows.push([
      'Silhouette by genre',
      figure(silhouetteByGenre),
      'how far apart genres lie in the features (-1 to 1); a row counts once for each of its genres',
    ]);
  }
  if (genrePrediction !== undefined) {
    const { macroAuc, shuffled, k, byLabel, asked } = genrePrediction;
    rows.push(
      [
        'Genre from neighbours, AUC',
        figure(macroAuc),
        `mean over ${counted(byLabel.size, 'genre')}, from the ${k} nearest others of ${asked < stream.items ? `${counted(asked)} of ` : ''}${counted(stream.items, 'item')}`,
      ],
      [
        'The same, genres exchanged',
        `${figure(shuffled.mean)} ± ${figure(shuffled.deviation)}`,
        `chance, ${shuffled.times} times: the difference is what the features know about genres`,
      ],
    );
  }
  if (ratingProbe !== undefined) {
    rows.push([
      'Mean rating, R²',
      figure(ratingProbe.r2),
      `linear, of ${counted(ratingProbe.items, 'item')}, left out in turn (0: the mean, below: misleading)`,
    ]);
  }
  return html`${tableHtml(`Measures of ${stream.stream}`, ['measure', 'value', 'what it tells'], rows)}${
    genrePrediction === undefined
      ? undefined
      : tableHtml(
          'Genres from neighbours, by genre',
          ['genre', 'AUC'],
          [...genrePrediction.byLabel].sort((a, b) => b[1] - a[1]).map(([name, auc]) => [name, figure(auc)]),
        )
  }`;
}

function groupsBody(groups: GroupOverlaps, stream: StreamAnalysis, kind: string): Html {
  const { names, counts } = groups.plane;
  const matrix = (overlaps: Overlaps | { readonly coefficients: Float64Array }, label: string) =>
    html`<h3>${label}</h3>${figureHtml(matrixFigure(names, overlaps.coefficients, `${label}, ${stream.stream} by ${kind}`), caption(overlaps))}`;
  const found = FOUND[`${stream.stream} ${kind}`];
  return html`<p>Every panel has the same layout and differs only in which rows are counted.${kind === 'subclip' ? ' Subclips are numbered from 0, as in the tables.' : ''}</p>
${found && html`<p class="note">${found}</p>`}
<div class="panels">${names.map((name, at) => {
    const shape = groups.shapes[at];
    const rows = counts[at]?.all ?? 0;
    return (
      shape &&
      html`<figure>${contourFigure(shape, `Density of ${kind} ${name}, ${counted(rows, 'row')}`, 180)}<figcaption>${name} (${counted(rows)})</figcaption></figure>`
    );
  })}</div>
${matrix(groups.plane, 'Bhattacharyya coefficients in the plane')}
${matrix({ coefficients: groups.densities }, 'Overlap of the densities in the plane')}
${groups.components && matrix(groups.components, 'Bhattacharyya coefficients in the first principal components')}`;
}

/**
 * What was found in features of 12,000 trailers, for comparison only: other features need not show
 * it.
 */
const FOUND: Readonly<Record<string, string>> = {
  'visual subclip':
    'To compare: in visual features of 12,000 trailers (the thesis, section 4.2.2, ten subclips) the first and the last subclip lie apart, and the eight between them are alike.',
  'audio subclip':
    'To compare: in audio features of 12,000 trailers (the thesis, section 4.2.2, ten subclips) the first subclip is dense, and the last less distinct.',
  'visual genre':
    'To compare: in visual features of 12,000 trailers (the thesis, section 4.2.2) Animation is dense, and genres differ less than positions in the trailer do.',
  'audio genre':
    'To compare: in audio features of 12,000 trailers (the thesis, section 4.2.2) IMAX is dense, Children lies with Animation, Drama is spread most, Documentary lies apart; genres differ less than positions in the trailer do.',
};

function caption(overlaps: Overlaps | object): string {
  const scale = '1: the same; towards 0: apart; grey: fewer than ten rows.';
  if (!('ridged' in overlaps)) return `From the smoothed densities, without assuming a form. ${scale}`;
  const { ridged } = overlaps as Overlaps;
  return `From the inner third of each group, as normal distributions. ${scale}${ridged > 0 ? ` ${counted(ridged, 'group')} had no spread in some direction and got a little.` : ''}`;
}

/** The number of components that the published features keep. */
const KEPT = 600;

function varianceBody({ spectrum, stream, dimension, rows, spectrumRows = rows }: StreamAnalysis): Html {
  let sum = 0;
  const points = Array.from(spectrum ?? [], (share, at) => {
    sum += share;
    return { x: at + 1, y: sum };
  });
  const reach = points.findIndex(({ y }) => y >= 0.95) + 1;
  return figureHtml(
    lineFigure(
      points,
      { figure: `Explained variance of ${stream}`, x: 'components', y: 'share of the variance' },
      { levels: [0.95], verticals: points.length > KEPT ? [KEPT] : [] },
    ),
    `${
      reach > 0
        ? `${reach} of ${Math.min(dimension, spectrumRows - 1)} components explain 95 % of the variance`
        : `The first ${points.length} components explain ${(100 * sum).toFixed(1)} % of the variance, all others ${(100 * (1 - sum)).toFixed(1)} %`
    }${spectrumRows < rows ? `, computed from a regular sample of ${counted(spectrumRows, 'row')}` : ''}.${points.length > KEPT ? ` The upright line marks ${KEPT}, the published choice.` : ''}`,
  );
}

function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(3);
}
