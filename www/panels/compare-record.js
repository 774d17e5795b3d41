/** A comparison as files: every outcome with the settings that would give it again. */

/** `made` is `{ catalog, writer, device, encoder, settings, arms, results, report, isWhole }`. */
export function comparisonJson(made) {
  return `${JSON.stringify({ format: 'aquiline-comparison', version: 1, ...made }, null, 1)}\n`;
}

/** One line for each arm and pair; settings stand in every line, so that files of several comparisons can be put together. */
export function comparisonRows({ catalog, writer, encoder, settings, arms, results }) {
  const { budget, horizon, candidates, seed } = settings;
  return [
    ['arm', 'user', 'item', 'gain', 'distance', 'identity', 'rewrites', 'realisability gap', 'first arm', 'budget', 'edits in a row', 'edits considered', 'seed', 'catalog', 'writer', 'encoder'],
    ...results.map((result) => [
      arms[result.arm].name, result.user, result.item, result.gain, result.distance, result.identity, result.environmentCalls, result.realisabilityGap,
      arms[0].name, budget, horizon, candidates, seed, catalog, writer, encoder,
    ]),
  ];
}
