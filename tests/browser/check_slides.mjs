// Look at every slide as the last row does: nothing cut off, nothing small, nothing from the network.
// Prints one line a finding; none is well. With a folder for pictures, it keeps one of every slide.
//
//   node check_slides.mjs FOLDER_WITH_SLIDES NODE_MODULES CHROMIUM [FOLDER_FOR_PICTURES]

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules, executablePath, pictures] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(modules, "x"))("playwright-core");
const SMALLEST = 28;
const counts = { pages: 0, slides: 0, requests: 0, findings: 0 };

function find(where, what) {
  counts.findings += 1;
  console.log(`${where}: ${what}`);
}

// What sticks out of the slide, text below the smallest size, figures that did not load.
async function lookAt(tab, where) {
  const { out, small, broken } = await tab.evaluate((smallest) => {
    const slide = window.Reveal.getCurrentSlide();
    const all = [...slide.querySelectorAll(":not(.notes):not(.notes *)")];
    const box = (e) => e.getBoundingClientRect();
    const sticksOut = (e) => box(e).bottom > 721 || box(e).right > 1281 || e.scrollWidth > e.clientWidth + 1 && e.matches("pre");
    const hasText = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const size = (e) => parseFloat(getComputedStyle(e).fontSize);
    return {
      out: all.filter(sticksOut).map((e) => e.outerHTML.slice(0, 80)),
      small: all.filter((e) => hasText(e) && size(e) < smallest && !e.matches("code")).map((e) => e.outerHTML.slice(0, 80)),
      broken: all.filter((e) => e.matches("img") && (!e.naturalWidth || e.alt.length < 40)).map((e) => e.src),
    };
  }, SMALLEST);
  if (out.length) find(where, `sticks out: ${out[0]}`);
  if (small.length) find(where, `smaller than ${SMALLEST} px: ${small[0]}`);
  if (broken.length) find(where, `figure without picture or alt text: ${broken[0]}`);
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
for (const page of fs.readdirSync(folder).filter((name) => name.endsWith(".html")).sort()) {
  const tab = await context.newPage();
  tab.on("request", (request) => {
    if (/^(file|data|blob):/.test(request.url())) return;
    counts.requests += 1;
    find(page, `asks the network for ${request.url()}`);
  });
  tab.on("pageerror", (error) => find(page, `error in a script: ${error.message}`));
  await tab.goto(pathToFileURL(path.join(folder, page)).href);
  await tab.waitForFunction(() => window.Reveal?.isReady());
  const total = await tab.evaluate(() => window.Reveal.getTotalSlides());
  for (let number = 0; number < total; number++) {
    await tab.evaluate((n) => window.Reveal.slide(n), number);
    const where = `${page}, slide ${number + 1}`;
    await lookAt(tab, where);
    if (pictures) await tab.screenshot({ path: path.join(pictures, `${page.slice(0, 2)}-${number + 1}.png`) });
  }
  counts.pages += 1;
  counts.slides += total;
  await tab.close();
}
await browser.close();
console.log(JSON.stringify(counts));
process.exit(counts.findings ? 1 : 0);
