// A large catalog in the browser: 62,000 items and 10,000 users, on the CPU core, in a real Chromium. Printed: how long it
// takes to be ready, and the medians of a user's gaps and of a group's.
//
// Reading 62,000 different texts would take hours, so the items are combinations of a few hundred; the space that they lie
// in, the fit and every search are of full size.
import { openBrowser } from '../tests/web/support.mjs';

const [items, users] = [62_000, 10_000];
const opened = await openBrowser();
try {
  const page = await opened.browser.newPage();
  page.on('console', (message) => console.log(message.text()));
  await page.goto(`${opened.address}/icon.svg`);
  await page.evaluate(measure, { items, users });
} finally {
  await opened.close();
}
process.exit(0);

async function measure({ items, users }) {
  const { create } = await import('/pkg/index.js');
  const subjects = ['whales', 'a heist', 'two sisters', 'a lighthouse', 'chess', 'a drought', 'robots', 'a wedding', 'wolves', 'a trial',
    'jazz', 'a shipwreck', 'twins', 'a bakery', 'spies', 'an orchard'];
  const places = ['on a frozen lake', 'in a desert town', 'under the sea', 'in a mountain village', 'on a space station', 'in old Vienna',
    'on a cargo ship', 'in a boarding school', 'at the border', 'in a casino', 'on an island', 'in a hospital', 'in the suburbs',
    'at a circus', 'in a monastery', 'on a train'];
  const genres = ['Drama', 'Comedy', 'Thriller', 'Romance', 'Horror', 'Documentary', 'Western', 'Animation', 'War', 'Musical'];
  const random = seeded(1);
  const catalog = { items: [], ratings: [], scale: [0.5, 5] };
  for (let item = 0; item < items; item += 1) {
    const [story, kind] = [item % 256, Math.floor(item / 256)];
    catalog.items.push({
      id: `i${item}`, title: 'A story', plot: `About ${subjects[story % 16]} ${places[Math.floor(story / 16)]}.`,
      genres: [genres[kind % 10], genres[(kind + 1 + (Math.floor(kind / 10) % 9)) % 10]], year: 1950 + (kind % 70),
    });
  }
  for (let user = 0; user < users; user += 1) {
    const [likes, kind] = [Math.floor(random() * 16), Math.floor(random() * 10)];
    for (let rating = 0; rating < 20; rating += 1) {
      const item = Math.floor(random() * items);
      const liked = (item % 16 === likes ? 1 : 0) + (Math.floor(item / 256) % 10 === kind ? 1 : 0);
      catalog.ratings.push({ user: `u${user}`, item: `i${item}`, value: Math.min(5, 2.5 + liked + Math.floor(random() * 3) / 2) });
    }
  }
  const started = performance.now();
  let stage = '';
  const onProgress = ({ type }) => {
    if (type === stage) return;
    stage = type;
    console.log(`  ${((performance.now() - started) / 1000).toFixed(1)} s: ${type}`);
  };
  const aquiline = await create({ device: 'cpu', models: '/models/', catalog, onProgress });
  console.log(`large/create  ${((performance.now() - started) / 1000).toFixed(1)} s for ${aquiline.info.items.length} items and ${aquiline.info.users.length} users`);
  const ids = aquiline.info.users.map(({ id }) => id);
  await report('gaps of a user', 15, (time) => aquiline.gaps({ user: ids[time * 601] }));
  await report('gaps of all users', 5, () => aquiline.gaps({ user: ids }));
  await report('utility of every item', 5, (time) => aquiline.utilities({ user: ids[time] }));
  await aquiline.dispose();

  async function report(name, times, work) {
    const taken = [];
    for (let time = 0; time < times; time += 1) {
      const before = performance.now();
      await work(time);
      taken.push(performance.now() - before);
    }
    const sorted = taken.toSorted((a, b) => a - b);
    console.log(`large/${name}  ${sorted[Math.floor(times / 2)].toFixed(0)} ms median, ${sorted.at(-1).toFixed(0)} ms at most`);
  }

  function seeded(state) {
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
  }
}
