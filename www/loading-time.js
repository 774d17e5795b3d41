/**
 * How long reading a catalog's texts still takes. The library counts texts and reads the short ones first, so that half of them are
 * done long before half of the time is over: here they count by their length.
 */

/** How far back the speed is measured, and how long it is watched before it means anything, in milliseconds. */
const lookBack = 10_000;
const settling = 1_000;
/** What comes after so many characters is not read: the encoder takes 256 tokens. */
const longest = 1_200;
/** A text takes some time however short it is, as much as so many characters. */
const least = 60;

/** The two texts of each item that are encoded; nothing where the items are not in this page's hands. */
export function textsOf({ catalog }) {
  return (catalog?.items ?? []).flatMap(({ title, plot, genres = [], year = null }) => [`${title}. ${plot}`, `Genres: ${genres.join(', ')}. Year: ${year ?? 'unknown'}.`]);
}

/**
 * `texts` are those of the catalog, of which a cache may have some. `report({ done, total })` gives `{ share, eta }`: how much of the
 * work is done, from 0 to 1, and milliseconds that are left, or nothing while that is not known.
 */
export function createReadingClock(texts, now = () => performance.now()) {
  const shareOf = sharesOf(texts);
  let samples = [];

  return {
    report({ done, total }) {
      const share = shareOf(total > 0 ? done / total : 0);
      const sample = { at: now(), share };
      // Less than before is another round.
      if (samples.length > 0 && share < samples.at(-1).share) samples = [];
      samples.push(sample);
      const recent = samples.findIndex(({ at }) => sample.at - at <= lookBack);
      samples = samples.slice(Math.max(0, recent - 1));
      const [first] = samples;
      const [elapsed, gained] = [sample.at - first.at, share - first.share];
      return { share, eta: elapsed < settling || gained <= 0 ? undefined : ((1 - share) * elapsed) / gained };
    },
  };
}

/** From the share of texts that are read, the shortest first, to their share of the work. What a cache lacks is as mixed as the rest. */
function sharesOf(texts) {
  const lengths = [...new Set(texts)].map((text) => least + Math.min(text.length, longest)).sort((a, b) => a - b);
  const sums = new Float64Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) sums[at + 1] = sums[at] + length;
  return (share) => {
    const at = Math.min(1, Math.max(0, share)) * lengths.length;
    const whole = Math.floor(at);
    const part = whole < lengths.length ? (at - whole) * lengths[whole] : 0;
    return lengths.length === 0 ? share : (sums[whole] + part) / sums.at(-1);
  };
}
