// Look at every page of the web book as readers do: in light and dark, on a wide and on a narrow
// screen, with a keyboard, and from the file system. Prints one line a finding; none is well.
//
//   node check_book.mjs FOLDER_WITH_HTML NODE_MODULES CHROMIUM [WORDS OF PAGE NAMES ...]

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules, executablePath, ...words] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(modules, "x"))("playwright-core");
const AXE = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");
const THEMES = ["light", "dark"];
const SCREENS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const MOST_TABS = 2000;

const counts = { pages: 0, requests: 0, axe: {}, findings: 0 };

function find(where, what) {
  counts.findings += 1;
  console.log(`${where}: ${what}`);
}

function address(page, query = "") {
  return pathToFileURL(path.join(folder, page)).href + query;
}

function listPages() {
  const names = fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
  const ours = names.filter((name) => !name.startsWith("_"));
  return ours.filter((name) => !words.length || words.some((word) => name.includes(word))).sort();
}

// A page that tells of every request which leaves the machine, and of every error of a script.
async function openTab(context, where) {
  const tab = await context.newPage();
  tab.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) {
      counts.requests += 1;
      find(where, `asks the network for ${request.url()}`);
    }
  });
  tab.on("pageerror", (error) => find(where, `error in a script: ${error.message}`));
  return tab;
}

// What is folded away must be readable too.
async function unfold(tab) {
  await tab.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
}

async function runAxe(tab, where, key) {
  await tab.addScriptTag({ content: AXE });
  const { violations } = await tab.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  counts.axe[key] = (counts.axe[key] ?? 0) + violations.length;
  for (const { id, nodes } of violations) {
    find(where, `axe: ${id}, ${nodes.length} times, first ${nodes[0].html.slice(0, 160)}`);
  }
}

// What is wider than the screen must scroll in a box of its own; cut off, nobody can read it.
async function checkLayout(tab, where) {
  const { cut, bare } = await tab.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
    const boxed = (e) => !e.matches(".bd-article") && (scrolls(e) || boxed(e.parentElement));
    const sticksOut = (e) => e.getBoundingClientRect().right > width + 1 && !boxed(e);
    return {
      cut: [...document.querySelectorAll(".bd-article *")].filter(sticksOut).map((e) => e.outerHTML),
      bare: [...document.querySelectorAll("img:not([alt]), img[alt='']")].map((img) => img.src),
    };
  });
  if (cut.length) find(where, `wider than the screen: ${cut[0].slice(0, 120)}`);
  if (bare.length) find(where, `image without alt text: ${bare[0]}`);
}

// Press Tab until the page begins anew; every element that takes the focus must show it.
async function checkKeyboard(tab, where) {
  await tab.evaluate(() => {
    const takes = "a[href], button, summary, input, select, textarea, [tabindex='0']";
    const there = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled;
    document.activeElement?.blur();
    window.waiting = new Set([...document.querySelectorAll(takes)].filter(there));
    // A ring around the element, or around the form that a field fills.
    const ring = (e) => e && getComputedStyle(e).outline + getComputedStyle(e).boxShadow;
    window.look = (e) => ring(e) + ring(e.closest("form"));
    window.before = new Map([...window.waiting].map((e) => [e, window.look(e)]));
  });
  let first = null;
  for (let pressed = 0; pressed < MOST_TABS; pressed++) {
    await tab.keyboard.press("Tab");
    const seen = await tab.evaluate(() => {
      const e = document.activeElement;
      if (e === document.body || e === window.firstFocus) return null;
      window.firstFocus ??= e;
      window.waiting.delete(e);
      return { html: e.outerHTML.slice(0, 120), shows: window.look(e) !== window.before.get(e) };
    });
    if (!seen) break;
    first ??= seen.html;
    if (!seen.shows) find(where, `shows no focus: ${seen.html}`);
  }
  if (!first?.includes("#main-content")) find(where, `the first Tab leads to ${first}`);
  const missed = await tab.evaluate(() => [...window.waiting].map((e) => e.outerHTML.slice(0, 120)));
  if (missed.length) find(where, `${missed.length} out of reach of Tab, first ${missed[0]}`);
}

async function checkSearch(context) {
  const tab = await openTab(context, "search");
  await tab.goto(address("search.html", "?q=padding"));
  await tab.waitForSelector("#search-results li a", { timeout: 20000 }).catch(() => {});
  const found = await tab.locator("#search-results li a").count();
  if (found < 5) find("search", `finds ${found} pages for "padding"`);
  await runAxe(tab, "search for padding", "search");
  await tab.close();
}

async function checkThemeSwitch(context) {
  const tab = await openTab(context, "theme switch");
  await tab.goto(address("index.html"));
  const theme = () => tab.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await tab.locator(".theme-switch-button:visible").first().click();
  await tab.locator("[data-mode='dark']:visible, [data-theme-value='dark']:visible").first().click().catch(() => {});
  if ((await theme()) === before) find("theme switch", `stays ${before}`);
  await tab.close();
}

async function checkPages(browser, theme, screen) {
  const context = await browser.newContext({ viewport: SCREENS[screen], colorScheme: theme });
  for (const page of listPages()) {
    const where = `${page} (${theme}, ${screen})`;
    const tab = await openTab(context, where);
    await tab.goto(address(page));
    await unfold(tab);
    await tab.waitForTimeout(100); // the theme makes what scrolls focusable after it is laid out
    await runAxe(tab, where, `${theme}, ${screen}`);
    await checkLayout(tab, where);
    if (theme === "light") await checkKeyboard(tab, where);
    counts.pages += 1;
    await tab.close();
  }
  if (theme === "light" && screen === "desktop" && !words.length) {
    await checkSearch(context);
    await checkThemeSwitch(context);
  }
  await context.close();
}

// The pages are our own files, and the sandbox of Chromium does not start in every container.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const theme of THEMES) {
  for (const screen of Object.keys(SCREENS)) await checkPages(browser, theme, screen);
}
await browser.close();
console.log(JSON.stringify(counts));
process.exit(counts.findings ? 1 : 0);
