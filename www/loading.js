/** The loading view: one line a stage, filled only with what the library reported. */
import { element } from './dom.js';
import { bytes, count, duration, wholeSeconds } from './format.js';
import { createReadingClock } from './loading-time.js';

const stages = [
  ['compile', 'Compile'],
  ['download', 'Download'],
  ['verify', 'Check what arrived'],
  ['upload', 'Load the encoder'],
  ['warm-up', 'Warm up'],
  ['self-test', 'Try it on known sentences'],
  ['measure', 'Compare CPU and WebGPU'],
  ['encode', 'Read the texts'],
  ['fit', 'Fit the map to the ratings'],
];

/** Draws the list anew and returns `{ report(progress), finish(), stop() }`. `texts` are those of the catalog, where they are known. */
export function createStages(list, { texts = [] } = {}) {
  const reading = createReadingClock(texts);
  const lines = new Map(stages.map(([type, title]) => [type, createLine(title)]));
  let current = null;
  list.replaceChildren(...[...lines.values()].map((line) => line.node));

  function leave() {
    const line = lines.get(current);
    if (line) line.close(performance.now());
  }

  /** What was never reported before a later stage began was already there, in a cache. */
  function skipEarlier() {
    for (const [type, line] of lines) {
      if (type === current) return;
      line.skip();
    }
  }

  return {
    report(progress) {
      const line = lines.get(progress.type);
      if (!line) return;
      if (progress.type !== current) {
        leave();
        current = progress.type;
        skipEarlier();
        line.open(performance.now());
      }
      // Without the texts nobody knows better than the library.
      line.show(progress.type === 'encode' && texts.length > 0 ? { ...progress, ...reading.report(progress) } : progress);
    },
    finish: leave,
    /** The stage that was running did not end; it keeps what it had reached. */
    stop() {
      lines.get(current)?.interrupt();
    },
  };
}

function createLine(title) {
  const amount = element('span', { class: 'stage-amount' });
  const bar = element('progress', { max: 1, 'aria-label': title, hidden: true });
  const node = element('li', { 'data-state': 'waiting' }, element('span', { class: 'stage-title' }, title), amount, bar);
  let startedAt = 0;
  // A stage can be left and come back, such as a second download.
  let elapsed = 0;
  let reached = '';
  return {
    node,
    skip() {
      if (node.dataset.state !== 'waiting') return;
      node.dataset.state = 'skipped';
      amount.textContent = 'not needed';
    },
    open(now) {
      startedAt = now;
      node.dataset.state = 'running';
      node.setAttribute('aria-current', 'step');
      bar.hidden = false;
    },
    show(progress) {
      reached = amountWords(progress);
      amount.textContent = [reached, timeLeftWords(progress)].filter(Boolean).join(' · ');
      if (progress.total > 0) bar.value = Math.min(1, progress.share ?? progress.done / progress.total);
      else bar.removeAttribute('value');
    },
    close(now) {
      node.dataset.state = 'done';
      node.removeAttribute('aria-current');
      bar.hidden = true;
      elapsed += now - startedAt;
      amount.textContent = reached ? `${reached} · ${duration(elapsed)}` : duration(elapsed);
    },
    interrupt() {
      node.dataset.state = 'stopped';
      node.removeAttribute('aria-current');
      // Nothing goes on, so no time is left.
      amount.textContent = reached;
    },
  };
}

/** "12 s left"; nothing for what is over before it is read. */
function timeLeftWords({ eta }) {
  if (!(eta > 2000)) return '';
  return `${eta < 90_000 ? wholeSeconds(eta) : duration(eta)} left`;
}

/** "12 of 91 MB", "40 of 160 texts"; nothing where the library does not know. */
function amountWords({ done, total, unit }) {
  if (unit === 'stages' || done + total === 0) return '';
  if (unit === 'bytes') return total > 0 ? `${bytes(done)} of ${bytes(total)}` : bytes(done);
  return total > 0 ? `${done.toLocaleString('en')} of ${count(total, unit.slice(0, -1))}` : count(done, unit.slice(0, -1));
}
