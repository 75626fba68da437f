// The style of the page, as text.

export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f5f7fa, #10151c);
  --card: light-dark(#fff, #19212b);
  --ink: light-dark(#17212e, #e6ebf2);
  --quiet: light-dark(#516072, #a3b0c0);
  --edge: light-dark(#d3dae3, #334050);
  --link: light-dark(#0a58ae, #7fbcff);
  --good: light-dark(#10693b, #6fd39b);
  --warn: light-dark(#8a4b00, #f5b95f);
  --bad: light-dark(#b3201a, #ff928a);
  --l0: light-dark(#0a58ae, #6cb2ff);
  --l1: light-dark(#b3420b, #ff9d5c);
  --l2: light-dark(#10693b, #5fd08f);
  --l3: light-dark(#7b2fa8, #d29bf5);
  --l4: light-dark(#8a6d00, #e3c54d);
  --l5: light-dark(#b01e6b, #ff86bd);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, nav, main { max-width: 80rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; padding-top: .75rem; }
h1 { font-size: 1.25rem; margin: 0; letter-spacing: .01em; }
#state { margin: 0 0 0 auto; color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; }
nav:not([hidden]) { display: flex; flex-wrap: wrap; gap: .25rem; margin-top: .5rem; }
nav a { padding: .375rem .75rem; border-radius: .5rem; color: var(--link); text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { background: var(--card); color: var(--ink); font-weight: 600; box-shadow: inset 0 -3px var(--link); }
main { padding-top: 1rem; padding-bottom: 3rem; }
main, main .result { outline: 0; }
h2 { font-size: 1.125rem; margin: 1.75rem 0 .5rem; }
section > h2:first-child { margin-top: .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: .25rem 0; max-width: 70ch; }
.quiet { color: var(--quiet); font-size: .875rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 1; }
main :focus-visible, header :focus-visible, nav :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: .5rem 0 1rem; }
.figures > div, .chart, .finding, form, .scroll, pre, .notice { background: var(--card); border: 1px solid var(--edge); border-radius: .625rem; padding: .75rem 1rem; }
dt { color: var(--quiet); font-size: .875rem; }
dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .75rem; margin-bottom: .75rem; }
.chart { margin: 0; min-width: 0; }
.plot { display: grid; grid-template: 9rem auto / auto minmax(0, 1fr); gap: .375rem .5rem; margin: .5rem 0; }
.plot svg { width: 100%; height: 100%; overflow: visible; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; }
.scale, .times { color: var(--quiet); font-size: .75rem; line-height: 1; font-variant-numeric: tabular-nums; }
.times { grid-column: 2; display: flex; justify-content: space-between; }
.grid { stroke: var(--edge); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.l0 { stroke: var(--l0); }
.l1 { stroke: var(--l1); stroke-dasharray: 7 4; }
.l2 { stroke: var(--l2); stroke-dasharray: 2 4; }
.l3 { stroke: var(--l3); stroke-dasharray: 10 3 2 3; }
.l4 { stroke: var(--l4); stroke-dasharray: 14 5; }
.l5 { stroke: var(--l5); stroke-dasharray: 4 2; }
.legend { display: flex; flex-wrap: wrap; gap: .125rem 1rem; margin: .375rem 0; padding: 0; list-style: none; font-size: .875rem; }
.legend li { overflow-wrap: anywhere; }
.legend svg { width: 1.5rem; height: .5rem; margin-right: .375rem; vertical-align: middle; }
summary { cursor: pointer; color: var(--link); font-size: .875rem; padding: .25rem 0; }
.scroll { overflow-x: auto; padding: 0; }
.scroll table { min-width: 34rem; }
details .scroll table { min-width: 0; }
details .scroll { max-height: 18rem; overflow-y: auto; border-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .625rem 1rem .25rem; color: var(--quiet); }
th, td { text-align: left; vertical-align: top; padding: .375rem 1rem; border-top: 1px solid var(--edge); max-width: 26rem; overflow-wrap: break-word; }
td { min-width: 6rem; }
details td { min-width: 0; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 6rem; }
.status, .level { font-weight: 700; }
.ok { color: var(--good); }
.degraded, .warning .level { color: var(--warn); }
.unable, .critical .level { color: var(--bad); }
.finding { margin: .5rem 0; border-left-width: .375rem; overflow-wrap: anywhere; }
.finding.critical { border-left-color: var(--bad); }
.finding.warning { border-left-color: var(--warn); }
.notice { border-color: var(--bad); margin: .5rem 0; }
.spread { display: block; min-width: 9rem; }
.spread svg { display: block; width: 100%; height: .625rem; margin: .25rem 0; }
.whole { fill: var(--edge); }
.part { fill: var(--l2); }
form { max-width: 44rem; display: grid; gap: .75rem; }
form h2 { margin: 0; }
label { display: grid; gap: .25rem; font-weight: 600; }
input, textarea { font: inherit; font-weight: 400; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: .375rem; padding: .375rem .5rem; width: 100%; }
textarea, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
button { font: inherit; font-weight: 600; justify-self: start; padding: .375rem 1rem; border-radius: .5rem; border: 1px solid var(--link); background: var(--card); color: var(--link); cursor: pointer; }
button:disabled { opacity: .6; }
.result { margin: .75rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 32rem; overflow-y: auto; }
ul { padding-left: 1.25rem; margin: .25rem 0; overflow-wrap: anywhere; }
[hidden] { display: none; }
@media (max-width: 30rem) {
  #sign-out { margin-left: auto; }
  #state { order: 1; width: 100%; }
}
@media (min-width: 52rem) { .chart:last-child { grid-column: 1 / -1; } }
@media (min-width: 76rem) {
  .charts { grid-template-columns: repeat(6, 1fr); }
  .chart { grid-column: span 2; }
  .chart:nth-child(n + 4) { grid-column: span 3; }
}
@media (prefers-reduced-motion: no-preference) { nav a, button { transition: background-color .15s; } }
@media (forced-colors: active) {
  .line { stroke: CanvasText; }
  .part { fill: Highlight; }
  .whole, .grid { fill: none; stroke: GrayText; }
  nav a[aria-current] { outline: 2px solid Highlight; }
}
`;
