// The site's stylesheet, for light and dark mode.
export const siteCss = `
:root { color-scheme: light dark; --paper: #fbfaf6; --ink: #1d2327; --soft: #5b646a; --rule: #d9d4c7;
  --accent: #a83a22; --sea: #12384a; --on-sea: #f6f3ea; }
@media (prefers-color-scheme: dark) { :root { --paper: #14191c; --ink: #e7e4db; --soft: #a0a8ab;
  --rule: #333d42; --accent: #f0907a; --sea: #0d2a38; --on-sea: #ece8dc; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.06rem/1.6 Georgia, serif; }
header { background: var(--sea); color: var(--on-sea); padding: 1rem max(1.25rem, 50vw - 31.75rem); }
header a { color: inherit; }
.name { margin: 0; font-size: 2rem; line-height: 1.1; }
.name a { text-decoration: none; }
.motto { margin: 0 0 .5rem; font-style: italic; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; font: .95rem system-ui, sans-serif; }
main, footer { max-width: 66rem; margin: 0 auto; padding: 1.25rem; }
footer { color: var(--soft); border-top: 1px solid var(--rule); font: .85rem system-ui, sans-serif; }
h1, h2 { line-height: 1.2; text-wrap: balance; }
h2 a { color: inherit; text-decoration-color: var(--rule); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem; }
.cards article { border-top: 2px solid var(--rule); padding-top: .6rem; }
.cards h2 { font-size: 1.25rem; margin: .2rem 0; }
.cards p { margin: 0; }
.section { color: var(--accent); font: 600 .8rem system-ui, sans-serif; text-transform: uppercase; letter-spacing: .06em; }
.story { max-width: 40rem; margin: 0 auto; }
.lede { font-size: 1.2rem; }
.by { color: var(--soft); font: .9rem system-ui, sans-serif; }
blockquote { margin: 1.5rem 0; padding-left: 1rem; border-left: 3px solid var(--accent); font-style: italic; }
form { display: grid; gap: .8rem; max-width: 40rem; font: 1rem system-ui, sans-serif; }
label { display: grid; gap: .2rem; }
input, select, textarea, button { font: inherit; padding: .5rem; }
.said { border: 1px solid var(--accent); padding: .6rem; }
`;
