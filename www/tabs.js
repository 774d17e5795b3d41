/**
 * The panels beside the map, one idea each: one is shown at a time, and made when it is shown first.
 *
 * A panel is a module in `panels/` with `open(root, context)`, which fills `root`. `context` is made by the workbench:
 * `{ model, info, everybody(), chosen, choose({ user, item }), onChosen(listener), map, useCatalog(source, name), whenTrained, tellTrained() }`.
 * `everybody()` are the catalog's people and the visitor; a listener's second argument is `{ isAnew }`, true for the same person with other ratings.
 * Long work for the model gets in line with `inTurn`; `whenTrained` is a promise of a trained policy, from wherever it comes.
 */
import { byId, element } from './dom.js';
import { showError } from './errors.js';

export const panels = [
  { name: 'steer', title: 'Steer' },
  { name: 'design', title: 'Design' },
  { name: 'train', title: 'Train' },
  { name: 'compare', title: 'Compare' },
  { name: 'rate', title: 'Rate' },
  { name: 'catalog', title: 'Catalog' },
];

/** Wires the row of tabs in `list`; `#panel-NAME` are the panels. */
export function openTabs(list, context) {
  const opened = new Set(['steer']);
  const tabs = panels.map(({ name, title }) => element('button', {
    type: 'button', role: 'tab', id: `tab-${name}`, testid: `tab-${name}`, 'aria-controls': `panel-${name}`, onclick: () => show(name),
  }, title));

  function show(name) {
    for (const [index, panel] of panels.entries()) {
      const isShown = panel.name === name;
      tabs[index].setAttribute('aria-selected', String(isShown));
      tabs[index].tabIndex = isShown ? 0 : -1;
      byId(`panel-${panel.name}`).hidden = !isShown;
    }
    document.body.dataset.panel = name;
    if (!opened.has(name)) open(name);
  }

  async function open(name) {
    opened.add(name);
    try {
      const panel = await import(`./panels/${name}.js`);
      panel.open(byId(`panel-${name}`), context);
    } catch (error) {
      opened.delete(name);
      showError(error, { title: 'This panel could not be opened', before: byId(`panel-${name}`), onRetry: () => show(name) });
    }
  }

  /** As the pattern for tabs has it: arrows go from one to the next, and around. */
  function press(event) {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    tabs[next].focus();
    show(panels[next].name);
  }

  list.addEventListener('keydown', press);
  list.replaceChildren(...tabs);
  show('steer');
  return { show };
}
