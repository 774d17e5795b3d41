/**
 * Light or dark follows `color-scheme` where the element stands. It becomes a constructed sheet: a strict content security
 * policy lets no `style` element in.
 */
export const STYLES = `
:host {
  --ink: var(--aquiline-ink, light-dark(#14252e, #e0eaef));
  --soft: var(--aquiline-ink-soft, light-dark(#4b616d, #9bb0bb));
  --surface: var(--aquiline-surface, light-dark(#fdfefe, #111d25));
  --field: var(--aquiline-field, light-dark(#f2f6f8, #0c161d));
  --line: var(--aquiline-line, light-dark(#cbd8df, #283a45));
  --accent: var(--aquiline-accent, light-dark(#a5125f, #ff7fbb));
  --on-accent: var(--aquiline-on-accent, light-dark(#fff, #2a0519));
  --trouble: var(--aquiline-trouble, light-dark(#8c2020, #f3b3ae));
  --radius: var(--aquiline-radius, 10px);
  display: block; color: var(--ink); font: 1rem/1.5 var(--aquiline-font, system-ui, sans-serif); text-align: start;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; padding: 0; }
:focus-visible, label:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h2 { font-size: 1.35rem; line-height: 1.25; }
h3 { font-size: 1.1rem; line-height: 1.3; }
section { display: grid; gap: .9rem; grid-template-columns: minmax(0, 1fr); padding: 1.1rem; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); overflow-wrap: anywhere; }
.soft, ul { color: var(--soft); font-size: .875rem; }
.text { unicode-bidi: plaintext; white-space: pre-line; }
.offers { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr)); }
fieldset { display: flex; flex-direction: column; min-width: 0; padding: .7rem .85rem; border: 0; background: var(--field); }
fieldset, button, .error, .ideas > li { border-radius: calc(var(--radius) * .7); }
legend { float: inline-start; font-weight: 600; }
.about { margin: .25rem 0; font-size: .9rem; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::after { content: "more"; color: var(--soft); text-decoration: underline; }
[open] summary::after { content: "less"; }
.stars { display: flex; margin: auto 0 0 -.3rem; }
label { position: relative; flex: 0 1 2.2rem; min-width: 1.5rem; text-align: center; font-size: 1.6rem; color: var(--soft); }
label::before { content: "☆"; content: "☆" / ""; }
label:has(:checked, ~ label :checked)::before { content: "★"; content: "★" / ""; color: var(--accent); }
input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; cursor: pointer; }
.bar { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .4rem 1.1rem; border: 1px solid var(--soft); background: var(--surface); color: inherit; cursor: pointer; }
button:hover { border-color: var(--ink); }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
:disabled, [aria-disabled=true] { opacity: .55; cursor: default; }
.quiet { border-color: transparent; background: none; font-weight: 400; text-decoration: underline; padding-inline: .3rem; }
progress { display: block; width: 100%; height: .4rem; accent-color: var(--accent); }
.error { padding: .7rem .85rem; border: 2px solid var(--trouble); }
.error button { margin-top: .5rem; }
ul { list-style: none; border-inline-start: 3px solid var(--line); padding-inline-start: .75rem; }
.ideas { display: grid; gap: .75rem; list-style: none; }
.ideas > li { display: grid; gap: .6rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); padding: .85rem 1rem; border: 1px solid var(--line); }
.plot { max-width: 66ch; margin-top: .3rem; font-family: var(--aquiline-text-font, inherit); }
.edits { padding-inline-start: 1.3rem; font-size: .9rem; }
@media (prefers-reduced-motion: no-preference) {
  .ideas > li { animation: arrive .35s ease-out; }
  @keyframes arrive { from { opacity: 0; transform: translateY(6px); } }
}`;
