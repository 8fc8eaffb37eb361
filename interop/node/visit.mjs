// People open an endpoint in a browser, one after the other, each with a profile of their own, and sign in where they
// are asked to.
import { launch, open } from './chromium.mjs';
import { exerciseInBrowser } from './exercise.mjs';
import { Own } from './pages/own.mjs';

await exerciseInBrowser(async ({ browser, visits, issuer }) => {
  const program = await launch(browser);
  const seen = [];
  for (const visit of visits) seen.push(await visited(program, issuer, visit));
  return { visits: seen };
});

async function visited(program, issuer, { url, person }) {
  const { page } = await open(program);
  const origins = [];
  let status;
  page.on('response', (response) => {
    if (!response.request().isNavigationRequest() || response.status() === 303 || response.status() === 302) return;
    origins.push(new URL(response.url()).origin);
    status = response.status();
  });
  await page.goto(url);
  if (page.url().startsWith(`${issuer}/`)) {
    await new Own(page).identify(person);
    await page.waitForURL((now) => now.href === url || now.origin !== issuer);
  }
  const cookies = await page.context().cookies(url);
  return { origins, url: page.url(), status, text: await page.locator('body').innerText(), cookies };
}
