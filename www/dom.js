/** Building elements. Text only ever enters the page as text nodes, never as markup. */

/** `element('p', { class: 'soft', testid: 'step' }, 'text', otherElement)`; empty children are skipped. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

/** Like `element`, for the few drawings that are SVG. */
export function drawing(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) return node.addEventListener(name.slice(2), value);
  node.setAttribute(name === 'testid' ? 'data-testid' : name, value === true ? '' : String(value));
}
