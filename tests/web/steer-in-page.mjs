// What the tests of language models run in the page: it is sent there as text, so it names nothing outside of itself.

/** Runs in the page: creates over twelve films, and steers; `abortAfter` milliseconds the run is aborted. */
export async function steerInPage({ llm, key, options, abortAfter, llmOptions, budget }) {
  const { create } = await import('/pkg/index.js');
  const lines = (await (await fetch('/pkg/catalog.jsonl')).text()).split('\n').filter(Boolean).slice(0, 12);
  const items = lines.map((line) => JSON.parse(line));
  const ratings = items.flatMap((item, at) => [0, 1, 2].map((user) => ({ user: `u${user}`, item: item.id, value: 1 + ((3 * user + at) % 9) / 2 })));
  const model = llm === 'function' ? functionOf() : { ...llm, ...(key && { getToken: async () => key }) };
  const common = { catalog: { items, ratings }, models: '/models', device: 'cpu', llm: model, llmOptions, budget };
  const aquiline = await create(common);
  const steer = { user: 'u0', item: items[0].id, policy: 'uniform', horizon: 3, candidates: 6, record: true, ...options };
  const controller = new AbortController();
  const last = async (events) => {
    let end;
    for await (const event of events) end = event;
    const steps = end.trajectory.steps.map(({ milliseconds: _, ...step }) => step);
    return { transcript: end.transcript, ended: end.trajectory.ended, times: end.trajectory.steps.map(({ milliseconds }) => milliseconds), json: JSON.stringify({ ...end.trajectory, steps }), steps };
  };
  try {
    const estimate = await aquiline.estimate(steer);
    if (abortAfter !== undefined) setTimeout(() => controller.abort(), abortAfter);
    const run = await last(aquiline.steer({ ...steer, signal: controller.signal }));
    const replayed = await last(aquiline.replay(run.transcript));
    // Everything is encoded by now: what is left is the core's own work, and the way to the page and back.
    const again = await last(aquiline.steer(steer));
    const { steps, transcript, ended } = run;
    return { steps, transcript, ended, estimate, spent: await aquiline.spent(), same: replayed.json === run.json, times: again.times };
  } catch (error) {
    return { code: error.code, name: error.name, message: error.message, aborted: Date.now(), spent: await aquiline.spent() };
  } finally {
    await aquiline.dispose();
  }

  function functionOf() {
    return async ({ messages, seed }) => {
      const asked = messages[1].content;
      const count = Number(asked.match(/^Propose (\d+) /)?.[1] ?? 1);
      const things = ['storm', 'choir', 'train', 'letter', 'orchard', 'wager', 'harbour', 'lantern', 'market', 'bridge', 'violin'];
      const places = ['attic', 'desert', 'palace', 'mine', 'theatre', 'school', 'island'];
      const thing = (n) => things[(n + (seed % 11)) % 11];
      const edit = (n) => `${['Plot', 'Character', 'Visual', 'Theme', 'Audience'][n % 5]}:\n${n + 1}. Let a ${thing(n)} reach the ${places[(seed + n) % 7]} before a ${thing(n + 5)} can be sold there.`;
      if (!asked.includes('\nedits: ')) return `${Array.from({ length: count }, (_, n) => edit(n)).join('\n')}\nEND`;
      const text = JSON.parse(asked.match(/\ntext: (.*)\n/)[1]);
      return `PLOT: ${text} Then a storm of kind ${seed % 5} begins.\nLIKES:\n- a\n- storm\n- comes\nDISLIKES:\n- it\n- is\n- loud\nEND`;
    };
  }
}
