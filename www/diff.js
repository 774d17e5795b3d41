/** Word-level difference of two texts, by longest common subsequence. Pure functions. */

/** Longer texts are shown as replaced as a whole: the table grows with the product of the lengths. */
const mostWords = 3000;

/**
 * Pieces in reading order: `{ kind: 'same' | 'removed' | 'added', text }`. Joined with spaces,
 * 'same' and 'removed' give `before`; 'same' and 'added' give `after`.
 */
export function wordDiff(before, after) {
  const old = words(before);
  const fresh = words(after);
  if (old.length > mostWords || fresh.length > mostWords) return grouped([...all('removed', old), ...all('added', fresh)]);
  return grouped(joinedAcrossSmallWords(aligned(old, fresh)));
}

/** What a list lost and gained, in order. */
export function listDiff(before, after) {
  return {
    removed: before.filter((entry) => !after.includes(entry)),
    added: after.filter((entry) => !before.includes(entry)),
  };
}

const words = (text) => text.split(/\s+/).filter(Boolean);
const all = (kind, texts) => texts.map((text) => ({ kind, text }));

function aligned(old, fresh) {
  const length = commonLengths(old, fresh);
  const pieces = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      pieces.push({ kind: 'same', text: old[i] });
      i += 1;
      j += 1;
    } else if (j === fresh.length || (i < old.length && length[i + 1][j] >= length[i][j + 1])) {
      pieces.push({ kind: 'removed', text: old[i++] });
    } else {
      pieces.push({ kind: 'added', text: fresh[j++] });
    }
  }
  return pieces;
}

/** `table[i][j]`: length of the longest common subsequence of `old[i..]` and `fresh[j..]`. */
function commonLengths(old, fresh) {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      table[i][j] = old[i] === fresh[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

/** A lone "the" that two unrelated sentences share chops a change into confetti, so it joins the change. */
function joinedAcrossSmallWords(pieces) {
  const joined = [];
  for (const [position, piece] of pieces.entries()) {
    const runLength = piece.kind === 'same' ? sameRunLength(pieces, position) : 0;
    const between = runLength > 0 && runLength <= 2 && isInsideChange(pieces, position);
    if (between) joined.push({ kind: 'removed', text: piece.text }, { kind: 'added', text: piece.text });
    else joined.push(piece);
  }
  return joined;
}

function sameRunLength(pieces, position) {
  let start = position;
  let end = position;
  while (pieces[start - 1]?.kind === 'same') start -= 1;
  while (pieces[end + 1]?.kind === 'same') end += 1;
  return end - start + 1;
}

function isInsideChange(pieces, position) {
  let start = position;
  let end = position;
  while (pieces[start]?.kind === 'same') start -= 1;
  while (pieces[end]?.kind === 'same') end += 1;
  return start >= 0 && end < pieces.length;
}

/** Neighbouring words of a kind become one piece; within a change, what was removed comes first. */
function grouped(pieces) {
  const groups = [];
  let removed = [];
  let added = [];
  const closeChange = () => {
    if (removed.length) groups.push({ kind: 'removed', text: removed.join(' ') });
    if (added.length) groups.push({ kind: 'added', text: added.join(' ') });
    removed = [];
    added = [];
  };
  for (const { kind, text } of pieces) {
    if (kind === 'removed') removed.push(text);
    else if (kind === 'added') added.push(text);
    else {
      closeChange();
      const last = groups.at(-1);
      if (last?.kind === 'same') last.text += ` ${text}`;
      else groups.push({ kind: 'same', text });
    }
  }
  closeChange();
  return groups;
}
