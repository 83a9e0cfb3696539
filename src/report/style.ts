/** The style sheet of every page: light and dark, desktop and phone. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1e24; --paper: #ffffff; --soft: #5a6270; --line: #d5d9e0; --panel: #f4f6f9;
  --good: #116b37; --bad: #b3261e; --s0: #0b5cad; --s1: #c2560c; --s2: #2e7d32; --s3: #7b3fa0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --paper: #14171c; --soft: #a5adba; --line: #39404b; --panel: #1d2229;
  --good: #6fd394; --bad: #ff8a80; --s0: #6db3ff; --s1: #ffa35c; --s2: #7fd483; --s3: #cf9df0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.7rem; margin: .5rem 0; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
p.lead { font-size: 1.1rem; } .soft { color: var(--soft); } .good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; } th.number, td.number { text-align: right; } td.number { font-variant-numeric: tabular-nums; }
td { white-space: nowrap; } td.long, .wrap { min-width: 14rem; max-width: 36rem; white-space: normal; } .wrap { display: inline-block; } thead th { background: var(--panel); } code { font-size: .9em; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } figcaption { font-size: .9rem; color: var(--soft); } svg { width: 100%; max-width: 44rem; height: auto; }
.grid { stroke: var(--line); } .tick, .axis { fill: var(--soft); font-size: 13px; } .series { fill: none; stroke-width: 2; }
.s0 { stroke: var(--s0); background: var(--s0); } .s1 { stroke: var(--s1); background: var(--s1); } .s2 { stroke: var(--s2); background: var(--s2); } .s3 { stroke: var(--s3); background: var(--s3); }
.dashed { stroke-dasharray: 6 4; } .key.dashed { mask: repeating-linear-gradient(90deg, #000 0 .4em, transparent .4em .6em); } .entry { white-space: nowrap; } .key { display: inline-block; width: 1.2em; height: .3em; margin: 0 .4em .2em .8em; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem; } figure.small { margin: 0; } figure.small figcaption { color: var(--ink); } figure.small .tick, figure.small .axis { font-size: 13px !important; }
.bar { fill: var(--s0); opacity: .6; } .edge { stroke: var(--soft); } .range { fill: var(--line); } .spread { fill: var(--s0); opacity: .65; } .whisker { stroke: var(--s0); stroke-width: 2; } .middle { stroke: var(--paper); stroke-width: 3; }
.node { fill: var(--panel); stroke: var(--line); } .flow { fill: none; stroke: var(--soft); } .name { fill: var(--ink); font-size: 14px; font-weight: 600; } .fact { fill: var(--soft); font-size: 13px; } svg.network { max-width: 40rem; }
nav.contents ul { columns: 14rem; padding-left: 1.2rem; margin: .5rem 0 1rem; } small { font-size: .85em; }
.thin { color: var(--soft); opacity: .8; } .thin small { white-space: nowrap; } h4 { font-size: 1rem; margin: 1rem 0 .2rem; } h3 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; }
.band { fill: var(--panel); stroke: var(--line); } .mark { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 2 3; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; } .tile { background: var(--panel); border-radius: .5rem; padding: .75rem; } .tile b { display: block; font-size: 1.5rem; } .tile small { display: block; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; } .pictures.large { grid-template-columns: repeat(auto-fill, minmax(min(29rem, 100%), 1fr)); } .pictures img { width: 100%; image-rendering: pixelated; border-radius: .3rem; } .pictures figure { margin: 0; }
@media (max-width: 40rem) { .tick, .axis { font-size: 22px; } .series { stroke-width: 3; } .name { font-size: 22px; } .fact { font-size: 20px; } }
`;
