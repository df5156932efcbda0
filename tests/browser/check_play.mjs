// Play against the casino on the page "Play", from the file system: buttons, words, keyboard, axe.
// Writes the throws and both probabilities of 200 random tables, for a comparison with PyTorch.
//
//   node check_play.mjs FOLDER_WITH_HTML NODE_MODULES CHROMIUM FILE_FOR_TABLES

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, modules, executablePath, tables] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(modules, "x"))("playwright-core");
const AXE = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");
const SCREENS = { desktop: { width: 1280, height: 900 }, phone: { width: 380, height: 820 } };
let findings = 0;

function check(isWell, where, what) {
  if (isWell) return;
  findings += 1;
  console.log(`${where}: ${what}`);
}

async function runAxe(tab, where) {
  const { violations } = await tab.evaluate(() => window.axe.run({ preload: false }));
  check(!violations.length, where, `axe: ${violations.map(({ id, nodes }) => id + nodes[0].html)}`);
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  check(!wide, where, "is wider than the screen");
}

async function play(tab, where) {
  const status = () => tab.locator("#play-status").textContent();
  const press = (name) => tab.getByRole("button", { name, exact: true }).press("Enter");
  const thrown = () => tab.evaluate(() => table.throws);
  check((await status()).includes("No throws yet"), where, await status());
  await press("Who was it?"); // nobody has thrown yet
  await press("Throw");
  const [face] = await thrown();
  check((await status()).startsWith(`Throw 1: ${face}. Probability`), where, await status());
  for (const after of [11, 21, 31, 41, 51, 60, 60]) {
    await press("Throw ten");
    await tab.waitForFunction(() => !isBusy);
    check((await thrown()).length === after, where, `${(await thrown()).length} throws, not ${after}`);
  }
  const last = (await thrown()).slice(-9).join(", ");
  check((await status()).startsWith(`Throws 52 to 60: ${last}. Probability`), where, await status());
  const focused = await tab.evaluate(() => document.activeElement.id);
  check(focused === "play-ten", where, `the focus went to ${focused}`);
  await runAxe(tab, `${where}, after 60 throws`);
  await press("Who was it?");
  await press("Who was it?"); // counts once
  const who = (await tab.evaluate(() => table.isCheat)) ? "It was a cheat" : "It was an honest player";
  const said = await status();
  check(said.startsWith(who) && / [01] of 1, best possible [01] of 1\.$/.test(said), where, said);
  await runAxe(tab, `${where}, known`);
  await press("New table");
  check((await thrown()).length === 0, where, "a new table has throws");
}

// The pages are our own files, and the sandbox of Chromium does not start in every container.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const colorScheme of ["light", "dark"]) {
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    const where = `play (${colorScheme}, ${screen})`;
    const reducedMotion = where === "play (light, desktop)" ? "no-preference" : "reduce";
    const tab = await browser.newPage({ viewport, colorScheme, reducedMotion });
    tab.on("request", (request) => check(/^(file|data):/.test(request.url()), where, request.url()));
    tab.on("pageerror", (error) => check(false, where, error.message));
    tab.on("console", (message) => check(!/^Error: </.test(message.text()), where, message.text()));
    await tab.goto(pathToFileURL(path.join(folder, "docs", "play.html")).href);
    await tab.addScriptTag({ content: AXE });
    await play(tab, where);
    if (screen === "phone" && colorScheme === "dark") {
      const thrown = await tab.evaluate(() =>
        Array.from({ length: 200 }, (_, i) => {
          document.getElementById("play-new").click();
          for (let n = 0; n <= i % 60; n++) document.getElementById("play-throw").click();
          return { isCheat: table.isCheat, throws: table.throws, lstm: table.lstm, odds: table.odds };
        }),
      );
      fs.writeFileSync(tables, JSON.stringify(thrown));
    }
    await tab.close();
  }
}
await browser.close();
process.exit(findings ? 1 : 0);
