// Work through the notebooks in JupyterLab as a reader does: run all cells, throw the die, answer
// an exercise, watch training and stop it, and work in a learner's copy. Prints one line for each
// problem that it finds.
//
//   node check_lab.mjs ADDRESS TOKEN COURSE NODE_MODULES CHROMIUM PICTURES [WORDS OF NAMES ...]

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [address, token, course, modules, executablePath, pictures, ...words] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(modules, "x"))("playwright-core");
const MINUTES = 60_000;
const PLAY = { notebook: "00_start_here", cell: "sc.play_dice(" };
const EXERCISE = { // also the notebook whose copy is worked through
  notebook: "02_model_anatomy",
  cell: "def largest_hidden_size(",
  wrong: "def largest_hidden_size(budget):\n    return budget\n",
};
const TRAINING = { notebook: "04_training_with_early_stopping", cell: "package_history = sc.fit(" };

const counts = { notebooks: 0, cells: 0, pictures: 0, requests: 0, findings: 0 };

function find(where, what) {
  counts.findings += 1;
  console.log(`${where}: ${what}`);
}

async function photograph(tab, name) {
  await tab.screenshot({ path: path.join(pictures, `${name}.png`) });
}

// ------------------------------------------------------------------ what JupyterLab itself knows

// One entry a code cell: source, outputs as they would be stored, and whether it ran.
function codeCells(tab) {
  return tab.evaluate(() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.widgets];
    return cells.map(({ model }, index) => ({
      index,
      type: model.type,
      source: model.sharedModel.getSource(),
      ran: model.type === "code" && model.executionCount !== null,
      outputs: model.type === "code" ? model.outputs.toJSON() : [],
    })).filter((cell) => cell.type === "code" && cell.source.trim());
  });
}

async function findCell(tab, beginning) {
  const found = (await codeCells(tab)).find(({ source }) => source.includes(beginning));
  if (!found) throw new Error(`no cell with ${beginning}`);
  return found;
}

// The kernel rests, and so does everything that was sent to it.
async function waitForRest(tab, minutes = 10) {
  await tab.waitForFunction(
    () => {
      const panel = window.jupyterapp.shell.currentWidget;
      const busy = panel.content.widgets.some(({ model }) => model.executionState === "running");
      return panel.sessionContext.session?.kernel?.status === "idle" && !busy;
    },
    null,
    { timeout: minutes * MINUTES, polling: 250 },
  );
}

// ----------------------------------------------------------------------------- what a reader does

async function open(context, name, folder = "notebooks") {
  const tab = await context.newPage();
  tab.setDefaultTimeout(60_000);
  tab.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob|ws):/.test(request.url())) {
      counts.requests += 1;
      find(name, `asks the network for ${request.url()}`);
    }
  });
  tab.on("pageerror", (error) => find(name, `error in a script: ${error.message}`));
  await tab.goto(`${address}/lab/workspaces/${folder}-${name}/tree/${folder}/${name}.ipynb?token=${token}`);
  await tab.waitForSelector(".jp-Notebook .jp-Cell", { state: "attached" });
  await waitForRest(tab);
  await tab.keyboard.press("Control+b"); // puts the list of files away
  return tab;
}

async function menu(tab, title, command) {
  await tab.locator(".lm-MenuBar-item", { hasText: new RegExp(`^${title}$`) }).click();
  await tab.locator(`.lm-Menu-item[data-command="${command}"]`).first().click();
}

// Bring a cell into view and make it the active one, as a click on it does.
async function goTo(tab, index) {
  await tab.evaluate(async (index) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = index;
    await content.scrollToItem(index, "center");
  }, index);
  const cell = tab.locator(`.jp-Cell[data-windowed-list-index="${index}"]`);
  await cell.locator(".jp-InputArea .cm-content").first().click();
  return cell;
}

async function runCell(tab, index) {
  await goTo(tab, index);
  await tab.keyboard.press("Control+Enter");
}

async function answer(tab, index, text) {
  await goTo(tab, index);
  await tab.keyboard.press("Control+a");
  await tab.keyboard.insertText(text);
  await tab.keyboard.press("Control+Enter");
}

function printed(outputs) {
  return outputs.map((output) => [output.text ?? output.data?.["text/plain"] ?? ""].flat().join("")).join("");
}

// --------------------------------------------------------------------------------- what is checked

async function runAll(tab, name) {
  const stored = await codeCells(tab);
  await menu(tab, "Edit", "editmenu:clear-all");
  await menu(tab, "Run", "runmenu:run-all");
  await tab.waitForTimeout(500);
  await waitForRest(tab, 20);
  const cells = await codeCells(tab);
  counts.cells += cells.length;
  cells.forEach((cell, i) => {
    const where = `${name}, cell ${cell.index}`;
    if (!cell.ran) find(where, "did not run");
    for (const output of cell.outputs) {
      if (output.output_type === "error") find(where, `${output.ename}: ${output.evalue}`);
      if (output.name === "stderr") find(where, `stderr: ${output.text.slice(0, 200)}`);
    }
    if (stored[i].outputs.length && !cell.outputs.length) find(where, "shows nothing any more");
  });
}

// From top to bottom: every picture of a result has words for who cannot see it.
async function lookThrough(tab, name) {
  const outer = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer";
  await tab.evaluate((outer) => (document.querySelector(outer).scrollTop = 0), outer);
  for (let screen = 0; screen < 80; screen++) {
    await tab.waitForTimeout(700);
    await photograph(tab, `${name}-${String(screen).padStart(2, "0")}`);
    const { bare, seen, atEnd } = await tab.evaluate((outer) => {
      const box = document.querySelector(outer);
      const images = [...box.querySelectorAll(".jp-OutputArea img")];
      const words = (img) => (img.alt || img.title || img.closest("[title]")?.title || "").trim();
      const before = box.scrollTop;
      box.scrollTop += box.clientHeight - 100;
      return {
        seen: images.length,
        bare: images.filter((img) => words(img).length < 40).map((img) => img.outerHTML.slice(0, 90)),
        atEnd: box.scrollTop === before,
      };
    }, outer);
    counts.pictures += seen;
    for (const image of new Set(bare)) find(name, `picture without words: ${image}`);
    if (atEnd) return;
  }
  find(name, "has no end");
}

// The table of notebook 00: each button and the list change picture and words.
async function throwTheDie(tab) {
  const { index } = await findCell(tab, PLAY.cell);
  const cell = await goTo(tab, index);
  const image = cell.locator(".jp-OutputArea img");
  const look = async () => [await image.getAttribute("src"), await cell.locator(".jp-OutputArea").innerText()].join();
  const change = async (what, act) => {
    const before = await look();
    await act();
    for (let waited = 0; waited < 50 && (await look()) === before; waited++) await tab.waitForTimeout(100);
    if ((await look()) === before) find(PLAY.notebook, `${what} changes nothing`);
  };
  await image.waitFor();
  const press = (label) => () => cell.getByRole("button", { name: label, exact: true }).click();
  await change("throw", press("throw"));
  await change("throw 10", press("throw 10"));
  await change("who was it?", press("who was it?"));
  await photograph(tab, `${PLAY.notebook}-play`);
  await change("new table", press("new table"));
  await change("the list of players", () => cell.locator("select").selectOption({ label: "a cheat" }));
  await change("throw, for a cheat", press("throw"));
}

// The exercise's own hint for a wrong answer, and its praise for the printed solution.
async function solve(tab, name) {
  const exercise = await findCell(tab, EXERCISE.cell);
  const cells = await codeCells(tab);
  const check = cells.find(({ index }) => index > exercise.index);
  const try_ = async (text) => {
    await answer(tab, exercise.index, text);
    await waitForRest(tab);
    await runCell(tab, check.index);
    await tab.waitForTimeout(300);
    await waitForRest(tab);
    return printed((await codeCells(tab)).find(({ index }) => index === check.index).outputs);
  };
  const notebook = JSON.parse(fs.readFileSync(path.join(course, "notebooks", `${EXERCISE.notebook}.ipynb`)));
  const texts = notebook.cells.map(({ source }) => [source].flat().join(""));
  const [, solution] = texts.find((text) => text.includes("Solution") && text.includes(EXERCISE.cell)).match(/```python\n([^]*?)```/);
  const hint = await try_(EXERCISE.wrong);
  if (!hint.trim() || /^Correct/.test(hint)) find(name, `a wrong answer gets: ${hint}`);
  await photograph(tab, `${name}-wrong`);
  const praise = await try_(solution);
  if (!/^Correct/.test(praise)) find(name, `the solution gets: ${praise}`);
  await photograph(tab, `${name}-right`);
}

// An answer is folded away until its line is clicked.
async function unfold(tab, name) {
  const index = await tab.evaluate(() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.widgets];
    return cells.findIndex(({ model }) => /^<details><summary>Answer/.test(model.sharedModel.getSource()));
  });
  if (index < 0) return find(name, "no answer is folded away");
  await tab.evaluate((index) => window.jupyterapp.shell.currentWidget.content.scrollToItem(index, "center"), index);
  const answer = tab.locator(`.jp-Cell[data-windowed-list-index="${index}"] details`);
  await answer.waitFor();
  const words = answer.locator(":scope > :not(summary)").first();
  if (await words.isVisible()) find(name, "an answer can be read before it is unfolded");
  await photograph(tab, `${name}-folded`);
  await answer.locator("summary").click();
  if (!(await words.isVisible())) find(name, "an answer cannot be unfolded");
  await photograph(tab, `${name}-unfolded`);
}

// A learner's copy shows no results beforehand, and everything in it works.
async function workInCopy(tab, name) {
  const cells = await codeCells(tab);
  if (cells.some(({ ran, outputs }) => ran || outputs.length)) find(name, "shows results before it is run");
  await photograph(tab, `${name}-new`);
  await unfold(tab, name);
  await runAll(tab, name);
  await solve(tab, name);
}

// Note at every frame which picture there is below a cell, and how high it is.
async function startFilm(tab, index) {
  await tab.evaluate((index) => {
    const film = (window.film = { nodes: new Set(), sources: new Set(), heights: new Set(), gaps: 0 });
    let wasGone = false;
    const record = () => {
      const img = document.querySelector(`.jp-Cell[data-windowed-list-index="${index}"] .jp-OutputArea img`);
      if (img?.clientHeight) {
        film.nodes.add(img);
        film.sources.add(img.src);
        film.heights.add(img.clientHeight);
        if (wasGone) film.gaps += 1; // it came back
        wasGone = false;
      } else if (film.nodes.size) {
        wasGone = true;
      }
      window.filming = requestAnimationFrame(record);
    };
    record();
  }, index);
}

function stopFilm(tab) {
  return tab.evaluate(() => {
    cancelAnimationFrame(window.filming);
    const { nodes, sources, heights, gaps } = window.film;
    return { nodes: nodes.size, sources: sources.size, heights: [...heights], gaps };
  });
}

// The cell as a reader would write it who wants to see more than four epochs.
function trainLonger(source) {
  const longer = source.replace("max_epochs=4,", "max_epochs=50,");
  return longer.replace(/print\(.*$/s, 'print(len(package_history), "epochs")');
}

// The stop button ends training in the middle of an epoch, and the cell goes on.
async function stopTraining(tab) {
  const { index, source } = await findCell(tab, TRAINING.cell);
  await answer(tab, index, trainLonger(source));
  await tab.waitForFunction(
    (index) => document.querySelector(`.jp-Cell[data-windowed-list-index="${index}"] .jp-OutputArea img`)?.title.includes("epoch 3"),
    index,
  );
  await photograph(tab, `${TRAINING.notebook}-live`);
  await tab.locator('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]').first().click();
  await waitForRest(tab);
  const text = printed((await findCell(tab, TRAINING.cell)).outputs);
  if (!/^Interrupted in epoch \d+; the best weights so far are restored\.\n\d epochs\n$/.test(text)) find(TRAINING.notebook, `the stop button leaves: ${text}`);
  await photograph(tab, `${TRAINING.notebook}-stopped`);
}

// The curves grow without flicker and leave nothing behind.
async function watchTraining(tab) {
  const { index } = await findCell(tab, TRAINING.cell);
  await goTo(tab, index);
  await startFilm(tab, index);
  await tab.keyboard.press("Control+Enter");
  await tab.waitForTimeout(500);
  await waitForRest(tab);
  const film = await stopFilm(tab);
  console.log(`${TRAINING.notebook}: live curves ${JSON.stringify(film)}`);
  if (film.nodes !== 1 || film.heights.length !== 1 || film.gaps) find(TRAINING.notebook, "the curves flicker");
  if (film.sources < 4) find(TRAINING.notebook, `only ${film.sources} pictures of the curves`);
  await menu(tab, "File", "docmanager:save");
  await tab.waitForTimeout(3000);
  const saved = JSON.parse(fs.readFileSync(path.join(course, "notebooks", `${TRAINING.notebook}.ipynb`)));
  const { outputs } = saved.cells.find(({ source }) => [source].flat().join("").includes(TRAINING.cell));
  const left = outputs.filter(({ data }) => !data || Object.keys(data).length); // what shows anything
  if (!/^\d+ epochs\n$/.test(printed(left))) find(TRAINING.notebook, `training leaves ${JSON.stringify(left).slice(0, 200)}`);
  const area = tab.locator(`.jp-Cell[data-windowed-list-index="${index}"] .jp-Cell-outputWrapper`);
  const height = await area.evaluate((node) => node.clientHeight);
  if (height > 40) find(TRAINING.notebook, `training leaves ${height} pixels on the screen`);
  await photograph(tab, `${TRAINING.notebook}-finished`);
}

// The pages are our own files, and the sandbox of Chromium does not start in every container.
const args = ["--no-sandbox", "--disable-dev-shm-usage"];
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext({ viewport: { width: 1250, height: 1100 } });
const files = fs.readdirSync(path.join(course, "notebooks")).filter((name) => name.endsWith(".ipynb"));
const isWanted = (name) => !words.length || words.some((word) => name.includes(word));
const names = files.map((name) => path.parse(name).name).filter(isWanted).sort();

async function workThrough(folder, name, work) {
  const started = Date.now();
  const title = folder === "notebooks" ? name : `${folder}-${name}`;
  const tab = await open(context, name, folder);
  try {
    await work(tab, title);
  } catch (error) {
    find(title, error.message.split("\n")[0]);
    await photograph(tab, `${title}-failed`);
  }
  counts.notebooks += 1;
  console.log(`${title}: ${Math.round((Date.now() - started) / 1000)} s`);
  await menu(tab, "Kernel", "kernelmenu:shutdown").catch(() => {});
  await tab.close({ runBeforeUnload: false });
}

for (const name of names) {
  await workThrough("notebooks", name, async (tab) => {
    await runAll(tab, name);
    await lookThrough(tab, name);
    if (name === PLAY.notebook) await throwTheDie(tab);
    if (name === EXERCISE.notebook) await solve(tab, name);
    if (name === TRAINING.notebook) await stopTraining(tab);
    if (name === TRAINING.notebook) await watchTraining(tab);
  });
}
if (isWanted(`my_notebooks-${EXERCISE.notebook}`)) await workThrough("my_notebooks", EXERCISE.notebook, workInCopy);
if (!counts.notebooks) find("notebooks", `none has ${words.join(" or ")} in its name`);
await browser.close();
console.log(JSON.stringify(counts));
process.exit(counts.findings ? 1 : 0);
