// Every panel of the page with something in it: small runs over the real package, as a person would make them.

/** Each opens its panel and fills it. */
const fillings = {
  async steer(part, page) {
    await part('own-ratings').locator('> summary').click();
    await rateSome(part, page, [5, 1, 4]);
    await part('steer-button').click();
    await part('outcome').waitFor();
  },
  async design(part) {
    await part('design-run').click();
    await part('design-certificate').waitFor();
  },
  async train(part, page) {
    await part('train-more').click();
    await fill(part, 'train', { updates: 6, episodes: 6, candidates: 10, horizon: 3, referenceEpisodes: 10, referenceHorizon: 1 });
    await part('train-more').click();
    await part('train-run').click();
    await part('train-status').filter({ hasText: 'Trained' }).waitFor();
    await page.locator('#panel-train summary', { hasText: 'As a table' }).click();
  },
  async compare(part, page) {
    await page.locator('#panel-compare .options summary').click();
    await fill(part, 'compare', { count: 4, budget: 10, horizon: 3, candidates: 10 });
    await page.locator('#panel-compare .options summary').click();
    await part('compare-run').click();
    await part('compare-status').filter({ hasText: 'Compared' }).waitFor();
  },
  async rate(part) {
    await fill(part, 'rate', { count: 1, horizon: 2 });
    await part('rate-run').click();
    await part('rate-form').waitFor();
  },
  async catalog(part) {
    await part('catalog-summary').waitFor();
  },
};

export const panelNames = Object.keys(fillings);

/** Opens the page, which takes a while, and fills its panels one after another. */
export async function openFilledPage(page, address) {
  page.setDefaultTimeout(120_000);
  const part = (name) => page.locator(`[data-testid=${name}]`);
  await page.goto(address);
  await part('steer-button').waitFor();
  for (const name of panelNames) {
    await showPanel(page, name);
    await page.locator(`#panel-${name} h2:visible`).first().waitFor();
    await fillings[name](part, page);
  }
}

export async function showPanel(page, name) {
  await page.locator(`#tab-${name}`).click();
}

/** Rates as many things as there are values, of which the first letters are enough to find one. */
export async function rateSome(part, page, values) {
  for (const [at, value] of values.entries()) {
    await part('own-input').fill('abcdefghijkl'[at]);
    await page.keyboard.press('Enter');
    await part('own-row').first().getByRole('radio', { name: String(value), exact: true }).check();
  }
}

async function fill(part, panel, values) {
  for (const [name, value] of Object.entries(values)) await part(`${panel}-${name}`).fill(String(value));
}
