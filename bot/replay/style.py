"""How the report looks: light and dark, on a screen and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1c2128; --soft: #5b6672; --line: #d9dee4; --tile: #f4f6f8;
  --bar: #9fb3c8; --on: #2f6fb0; --off: #c3ccd6; --mark: #c0392b;
  --sev1: #b3261e; --sev2: #b25c00; --sev3: #6b6100; --sev4: #5b6672;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15191e; --ink: #e4e8ec; --soft: #9aa5b1; --line: #323a43; --tile: #1e242b;
    --bar: #4d647c; --on: #64a3e0; --off: #46515d; --mark: #ff7b6b;
    --sev1: #ff8a80; --sev2: #ffb165; --sev3: #dccb5c; --sev4: #9aa5b1;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h2 small { font-weight: normal; font-size: .9rem; color: var(--soft); margin-left: .5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
a { color: var(--on); }
.lead { font-size: 1.15rem; margin: 0; max-width: 46rem; }
.note { color: var(--soft); font-size: .87rem; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 0 0 1.5rem; }
.tiles div { background: var(--tile); border-radius: .5rem; padding: .75rem 1rem; }
.tiles dt { color: var(--soft); font-size: .87rem; }
.tiles dd { margin: 0; font-size: 1.7rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles dd.note { font-size: .82rem; line-height: 1.35; }
figure { margin: 0; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .number { fill: var(--page); text-anchor: middle; font-weight: 600; font-size: 9.5px; }
svg .bar { fill: var(--bar); }
svg .grid { stroke: var(--line); }
svg .mark { stroke: var(--mark); stroke-width: 1; stroke-dasharray: 2 3; }
svg .dot { fill: var(--mark); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .84rem; }
th { white-space: nowrap; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:has(.share) { width: 45%; white-space: nowrap; }
.share { display: inline-block; height: .8rem; vertical-align: middle; }
.on { background: var(--on); }
.off { background: var(--off); }
.key { display: inline-block; width: .7rem; height: .7rem; margin-left: .4rem; }
.level { font-size: .78rem; font-weight: 700; letter-spacing: .02em; }
.sev1 { color: var(--sev1); } .sev2 { color: var(--sev2); }
.sev3 { color: var(--sev3); } .sev4 { color: var(--sev4); }
.method dt { font-weight: 600; margin-top: .5rem; }
.method dd { margin: 0; }
header { margin-bottom: 2rem; }
@media (max-width: 44rem) {
  .tiles { grid-template-columns: repeat(2, 1fr); }
  figure { overflow-x: auto; }
  svg, table { min-width: 40rem; }
}
@media print {
  :root {
    color-scheme: light; --page: #fff; --ink: #000; --soft: #444; --line: #bbb; --tile: #f2f2f2;
  }
  body { max-width: none; padding: 0; font-size: 11pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, figure, .tiles { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .wide, figure { overflow: visible; }
}
"""
