/** What the marks use of a canvas's context, written down as SVG. */

import { cssColour } from './map-colours.js';

const anchors = { left: 'start', center: 'middle', right: 'end' };
const round = (number) => String(Math.round(number * 100) / 100);

/** `markup(title)` gives the file. */
export function createSvgContext({ width, height }) {
  const measuring = document.createElement('canvas').getContext('2d');
  const parts = [];
  let path = [];
  let dash = [];

  const add = (tag, attributes, content) => parts.push(written(tag, attributes, content));
  const stroked = () => ({
    fill: 'none', stroke: context.strokeStyle, 'stroke-width': context.lineWidth,
    'stroke-linejoin': context.lineJoin === 'miter' ? null : context.lineJoin,
    'stroke-dasharray': dash.length > 0 ? dash.join(' ') : null,
  });
  const text = (content, x, y, paint) => add('text', {
    x: round(x), y: round(y), ...paint, style: `font: ${context.font}`, 'dominant-baseline': 'central', 'text-anchor': anchors[context.textAlign],
  }, escaped(content));

  const context = {
    fillStyle: '#000', strokeStyle: '#000', lineWidth: 1, lineJoin: 'miter', font: '', textAlign: 'left', textBaseline: 'middle',
    setLineDash(lengths) { dash = lengths; },
    beginPath() { path = []; },
    moveTo(x, y) { path.push(`M${round(x)} ${round(y)}`); },
    lineTo(x, y) { path.push(`${path.length === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`); },
    closePath() { path.push('Z'); },
    /** The marks have no arc but the whole circle. */
    arc(x, y, radius) {
      const half = (side) => `a${round(radius)} ${round(radius)} 0 0 1 ${round(side * 2 * radius)} 0`;
      path.push(`M${round(x - radius)} ${round(y)}${half(1)}${half(-1)}Z`);
    },
    roundRect(x, y, wide, high, radius) {
      const corner = (dx, dy) => `a${radius} ${radius} 0 0 1 ${dx * radius} ${dy * radius}`;
      path.push(`M${round(x + radius)} ${round(y)}h${round(wide - 2 * radius)}${corner(1, 1)}v${round(high - 2 * radius)}${corner(-1, 1)}`
        + `h${round(2 * radius - wide)}${corner(-1, -1)}v${round(2 * radius - high)}${corner(1, -1)}Z`);
    },
    fill() { add('path', { d: path.join(''), fill: context.fillStyle }); },
    stroke() { add('path', { d: path.join(''), ...stroked() }); },
    fillRect(x, y, wide, high) { add('rect', { x: round(x), y: round(y), width: round(wide), height: round(high), fill: context.fillStyle }); },
    fillText(content, x, y) { text(content, x, y, { fill: context.fillStyle }); },
    strokeText(content, x, y) { text(content, x, y, stroked()); },
    measureText(content) {
      measuring.font = context.font;
      return measuring.measureText(content);
    },
    drawImage(canvas, x, y, wide, high) { add('image', { x, y, width: round(wide), height: round(high), href: canvas.toDataURL('image/png') }); },
    /** A disc, which says what it is where it has a name. */
    circle([x, y], radius, colour, name) {
      add('circle', { cx: round(x), cy: round(y), r: round(radius), fill: cssColour(colour) }, name === undefined ? name : written('title', {}, escaped(name)));
    },
    markup(title) {
      const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${round(width)} ${round(height)}`, width: round(width), height: round(height) };
      return `${written('svg', attributes, `${written('title', {}, escaped(title))}\n${parts.join('\n')}\n`)}\n`;
    },
  };
  return context;
}

function written(tag, attributes, content) {
  const words = Object.entries(attributes).filter(([, value]) => value !== null).map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  return `<${tag}${words.join('')}${content === undefined ? '/>' : `>${content}</${tag}>`}`;
}

/** Also without the characters that no XML file may hold. */
function escaped(text) {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
