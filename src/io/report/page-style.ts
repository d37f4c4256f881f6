/** The style of every report: light and dark, narrow and wide, and in print. */
export const pageStyle = `
:root { --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --line: #d0d7de; --panel: #f6f8fa; --accent: #0b5cad; --warn: #7a2e00; --warn-paper: #fff4e5; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #a3adb8; --paper: #10151b; --line: #353d47; --panel: #171d25; --accent: #79b8ff; --warn: #ffd8a8; --warn-paper: #3a2508; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1.25rem 4rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h2::first-letter, nav a::first-letter { text-transform: uppercase; }
nav a { display: inline-block; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { max-width: 46rem; margin: .4rem 0; }
a { color: var(--accent); }
.pages { border-bottom: 1px solid var(--line); margin: -.5rem 0 1.2rem; padding-bottom: .5rem; }
.ask { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: .6rem 0 1rem; }
.ask label { display: grid; font-size: .85rem; color: var(--soft); }
.ask label.check { display: flex; gap: .4rem; align-items: center; padding-bottom: .35rem; }
.ask input, .ask select, .ask button { font: inherit; padding: .25rem .6rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: 4px; }
.ask button { background: var(--panel); cursor: pointer; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.4rem; margin: .8rem 0; }
.facts dt { font-weight: 600; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.turn { display: flex; gap: 1.2rem; margin: .4rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; margin: .8rem 0 0; list-style: none; }
.warning { max-width: none; padding: .5rem .8rem; border-left: 4px solid var(--warn); color: var(--warn); background: var(--warn-paper); font-weight: 600; }
figure { margin: .8rem 0; }
figcaption, .note { color: var(--soft); font-size: .9rem; max-width: 46rem; }
figure svg { max-width: 100%; height: auto; overflow: visible; }
.scroll svg:has(text) { max-width: none; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; }
.panels.wide { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
.panels figure { margin: 0; }
.pair { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: start; }
.pair figure { flex: 0 1 auto; max-width: 100%; }
.pair figcaption { max-width: 30rem; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--accent); }
pre { overflow: auto; max-height: 30rem; padding: .8rem; background: var(--panel); border: 1px solid var(--line); font-size: .85rem; }
.panels svg { display: block; margin: 0 auto; }
.panels figcaption { text-align: center; }
.scroll { overflow-x: auto; margin: .6rem 0 1.2rem; }
figure .scroll { margin: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding: .2rem 0; white-space: nowrap; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child, td.text, th.text, .found th, .found td { text-align: left; }
td.number { white-space: nowrap; }
tbody th { min-width: 5.5rem; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
thead th::first-letter { text-transform: uppercase; }
.strips { display: flex; flex-wrap: wrap; gap: .9rem 2rem; margin-top: .8rem; }
.strips figure { margin: 0; }
.strips figcaption { color: inherit; font-weight: 600; overflow-wrap: anywhere; max-width: none; }
.strips ol { display: flex; flex-wrap: wrap; gap: .3rem; margin: .2rem 0 0; padding: 0; list-style: none; }
.strips li { display: grid; justify-items: center; font-size: .72rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.strips img { display: block; }
.explorer { display: grid; grid-template-columns: minmax(0, 3fr) minmax(20rem, 2fr); gap: 1rem; }
.explorer canvas { width: 100%; aspect-ratio: 1; background: var(--panel); border: 1px solid var(--line); touch-action: none; }
.explorer form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 0 0 .6rem; }
.explorer label { display: grid; font-size: .85rem; color: var(--soft); }
.explorer select, .explorer input, .explorer button { font: inherit; padding: .2rem .4rem; color: inherit; background: var(--paper); border: 1px solid var(--line); min-width: 9rem; }
.explorer canvas { cursor: crosshair; }
.explorer .key { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .4rem 0; padding: 0; list-style: none; font-size: .85rem; }
.explorer .key li { display: flex; gap: .35rem; align-items: center; }
.explorer .key i { width: .8rem; height: .8rem; border-radius: 2px; print-color-adjust: exact; }
.explorer [role=status] { min-height: 1.5rem; font-size: .92rem; }
.explorer .found { max-height: 44rem; overflow: auto; border: 1px solid var(--line); }
.explorer .found table { width: 100%; }
.explorer .found caption { padding: .3rem .7rem; white-space: normal; }
.explorer .found tbody tr:hover { background: var(--panel); }
.explorer .found .subclip { text-align: right; }
.explorer .found.whole .subclip { display: none; }
@media (max-width: 48rem) { .explorer { grid-template-columns: minmax(0, 1fr); } .explorer .found { max-height: 20rem; } td.text { min-width: 11rem; } caption { white-space: normal; min-width: 14rem; } }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  nav, .explorer form, .explorer .found, .explorer [role=status] { display: none; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, .warning, .strips li { break-inside: avoid; }
  .explorer { display: block; }
  .explorer canvas { max-width: 12cm; }
  .scroll { overflow: visible; }
  .scroll svg:has(text) { max-width: 100%; }
  caption { white-space: normal; }
  table { font-size: .8rem; }
  th, td { padding: .15rem .35rem; }
  td.number { white-space: normal; }
  th, td.text { overflow-wrap: anywhere; }
  tbody th, td.text { min-width: 0; }
  .many th, .many td { font-size: .62rem; padding: .1rem .2rem; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; }
}
`;
