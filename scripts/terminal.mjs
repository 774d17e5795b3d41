// Text of others in a terminal: catalogs and language models may say anything, and a terminal obeys some of it.

/** Sequences that move the cursor, set colours or titles, or reach the clipboard, with all that belongs to them. */
const SEQUENCES = /(?:\x1b\[|\x9b)[0-?]*[ -\/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -\/]*[0-~]?/g;
/** What ends or parts lines. */
const BREAKS = /[\t-\r\x85\u2028\u2029]+/g;
/** Other control characters, and marks that turn the direction of what follows round. Joiners of letters stay. */
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A text as one line that a terminal only shows. */
export function plain(text) {
  return String(text).replace(SEQUENCES, '').replace(BREAKS, ' ').replace(UNSEEN, '');
}

/** Lines of at most this width, each after a prefix; the prefix of the first may be another one. */
export function wrap(text, { width = 96, prefix = '    ', first = prefix } = {}) {
  const lines = [''];
  for (const word of plain(text).split(' ').filter(Boolean)) {
    if (lines.at(-1) && lines.at(-1).length + 1 + word.length > width - prefix.length) lines.push('');
    lines[lines.length - 1] += `${lines.at(-1) ? ' ' : ''}${word}`;
  }
  return lines.map((line, at) => (at === 0 ? first : prefix) + line).join('\n');
}

/** Paints text where the stream shows colours and nobody has asked for none. */
export function painter(stream, environment = process.env) {
  const isPainted = Boolean(stream.isTTY) && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const paint = (code) => (text) => (isPainted ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: paint(1), soft: paint(2), added: paint(32), removed: paint(31) };
}

/** Sentences of a text. */
export function sentences(text) {
  const segments = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(plain(text));
  return Array.from(segments, ({ segment }) => segment.trim()).filter(Boolean);
}

/** What one text has that the other has not, sentence by sentence. */
export function changes(before, after) {
  const [old, made] = [sentences(before), sentences(after)];
  return { added: made.filter((sentence) => !old.includes(sentence)), removed: old.filter((sentence) => !made.includes(sentence)) };
}
