// The page "Play": buttons, curves and words around the table of casino.js.

const part = (id) => document.getElementById(`play-${id}`);
const data = JSON.parse(part("data").textContent);
const tally = { tables: 0, lstm: 0, best: 0 }; // how often each judge was right
const [near, middle, far] = [15, 30, 45]; // where a die has its pips
const CORNERS = [[near, far], [far, near]];
const PIPS = {
  1: [[middle, middle]],
  2: CORNERS,
  3: [...CORNERS, [middle, middle]],
  4: [...CORNERS, [near, near], [far, far]],
  5: [...CORNERS, [near, near], [far, far], [middle, middle]],
  6: [...CORNERS, [near, near], [far, far], [near, middle], [far, middle]],
};
let table; // the one that is being played
let isKnown; // whether it is known who plays
let isBusy = false; // while ten throws are shown one by one

const isOver = () => table.throws.length === data.longest;

// ------------------------------------------------------------------------------------------- words

function percent(probability) {
  if (probability < 0.01) return "under 1%";
  return probability > 0.99 ? "over 99%" : `${Math.round(100 * probability)}%`;
}

function player() {
  if (!isKnown) return "a secret player";
  return table.isCheat ? "a cheat" : "an honest player";
}

function answers() {
  return `LSTM ${percent(table.lstm.at(-1))}, best possible ${percent(table.odds.at(-1))}`;
}

// Say the latest throws and what the judges think of them.
function sayThrows(faces) {
  const n = table.throws.length;
  const which = faces.length > 1 ? `Throws ${n - faces.length + 1} to ${n}` : `Throw ${n}`;
  const end = isOver() ? " That was the last throw." : "";
  say(`${which}: ${faces.join(", ")}. Probability of a cheat: ${answers()}.${end}`);
}

function say(text) {
  part("status").textContent = text;
}

// ---------------------------------------------------------------------------------------- pictures

function drawDie() {
  const face = table.throws.at(-1);
  const pips = (PIPS[face] ?? []).map(([x, y]) => `<circle cx="${x}" cy="${y}" r="5.5"/>`);
  const blank = '<text x="30" y="41" text-anchor="middle">?</text>';
  document.querySelector(".play-die").innerHTML =
    `<rect x="2" y="2" width="56" height="56" rx="12"/>${face ? pips.join("") : blank}`;
}

// Two panels, one above the other: both probabilities, and the throws as marks from 1 to 6.
function drawChart() {
  const chart = part("chart");
  const width = chart.clientWidth;
  if (!width) return; // not on the screen
  const left = 48;
  const height = width < 500 ? 140 : 220;
  const row = 10; // height of a face in the lower panel
  const [above, gap] = [26, 34];
  const floor = above + height + gap;
  const n = Math.max(20, 20 * Math.ceil(table.throws.length / 20)); // 20, 40, 60
  const slot = (width - left - 8) / n;
  const x = (step) => left + (step + 0.5) * slot;
  const y = (probability) => above + height * (1 - probability);
  const text = (x, y, words, anchor) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
  const line = (y, name) => `<path class="${name}" d="M${left} ${y}H${width - 8}"/>`;
  const rect = (name, x, y, width, height) =>
    `<rect class="${name}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;

  const parts = [text(left, 14, "probability of a cheat", "start")];
  for (const p of [0, 0.25, 0.5, 0.75, 1]) parts.push(line(y(p), "play-grid"));
  for (const p of [0, 0.5, 1]) parts.push(text(left - 8, y(p) + 4, `${100 * p}%`, "end"));
  parts.push(line(floor + 3 * row, "play-grid"), text(left, floor - 9, "throws", "start"));
  parts.push(text(left - 8, floor + 1.5 * row + 4, "4-5-6", "end"));
  parts.push(text(left - 8, floor + 4.5 * row + 4, "1-2-3", "end"));
  for (let step = 5; step <= n; step += 5) {
    parts.push(text(x(step - 1), floor + 6 * row + 18, step, "middle"));
  }
  table.throws.forEach((face, step) => {
    const die = table.player.faces[table.dice[step]];
    const isHigh = die[5] > die[0]; // a loaded die: its half of the panel is shaded
    if (isKnown && table.isCheat) {
      parts.push(rect("play-loaded", x(step) - slot / 2, floor + (isHigh ? 0 : 3) * row, slot, 3 * row));
    }
    const size = Math.min(slot - 1, row - 1);
    const name = face > 3 ? "play-high" : "play-low";
    parts.push(rect(name, x(step) - size / 2, floor + (6 - face) * row + 0.5, size, row - 1));
  });
  for (const [name, values] of [["play-best", table.odds], ["play-lstm", table.lstm]]) {
    const points = values.map((p, step) => `${x(step).toFixed(1)} ${y(p).toFixed(1)}`);
    if (!points.length) continue;
    parts.push(`<path class="${name}" d="M${points.join("L")}"/>`);
    parts.push(`<circle class="${name}-end" cx="${x(values.length - 1)}" cy="${y(values.at(-1))}" r="5"/>`);
  }
  chart.setAttribute("height", floor + 6 * row + 24);
  chart.innerHTML = parts.join("");
  const after = table.throws.length ? `, at present: ${answers()}` : "";
  chart.setAttribute("aria-label", `Probability of a cheat after each throw${after}`);
}

function show() {
  const n = table.throws.length;
  drawDie();
  drawChart();
  const [count, who] = document.querySelector(".play-where").children;
  count.textContent = n ? `Throw ${n} of ${data.longest}` : "No throws yet";
  who.textContent = `by ${player()}`;
  part("lstm").textContent = n ? percent(table.lstm.at(-1)) : "–";
  part("best").textContent = n ? percent(table.odds.at(-1)) : "–";
  // Not the attribute `disabled`: a button that has it loses the keyboard's focus.
  for (const name of ["throw", "ten"]) part(name).setAttribute("aria-disabled", isOver());
  part("who").setAttribute("aria-disabled", isKnown || !n);
}

// ----------------------------------------------------------------------------------------- buttons

function newTable() {
  table = new Table(data);
  isKnown = false;
  show();
  say("At the table: a secret player. No throws yet.");
}

// With a short pause after each throw, unless the reader's system asks for less motion.
async function throwDie(times) {
  const left = Math.min(times, data.longest - table.throws.length);
  if (!left) return;
  isBusy = true;
  const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 90;
  for (let i = 0; i < left; i++) {
    if (i && pause) await new Promise((resolve) => setTimeout(resolve, pause));
    table.throw();
    show();
  }
  isBusy = false;
  sayThrows(table.throws.slice(-left));
}

// Who plays, and which judge was right.
function reveal() {
  isKnown = true;
  const judge = (probability) => (probability > 0.5) === table.isCheat;
  const [lstm, best] = [judge(table.lstm.at(-1)), judge(table.odds.at(-1))];
  tally.tables += 1;
  tally.lstm += lstm;
  tally.best += best;
  show();
  const who = table.isCheat
    ? "It was a cheat: the shading behind the throws shows which die was in use."
    : "It was an honest player.";
  const verdict = (name, probability, isRight) =>
    `${name} said ${percent(probability)} and was ${isRight ? "right" : "wrong"}`;
  const both = [
    verdict("The LSTM", table.lstm.at(-1), lstm),
    verdict("the best possible judge", table.odds.at(-1), best),
  ];
  const score = `Right so far: LSTM ${tally.lstm} of ${tally.tables}, best possible ${tally.best} of ${tally.tables}.`;
  say(`${who} ${both.join("; ")}. ${score}`);
}

const ACTIONS = { throw: () => throwDie(1), ten: () => throwDie(10), who: reveal, new: newTable };
for (const [name, act] of Object.entries(ACTIONS)) {
  part(name).addEventListener("click", () => {
    if (!isBusy && part(name).getAttribute("aria-disabled") !== "true") act();
  });
}
newTable();
new ResizeObserver(drawChart).observe(part("chart"));
