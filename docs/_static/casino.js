// The course's LSTM and the casino's exact odds, in plain JavaScript, for the page "Play".
//
// All numbers come from the page, which has them from the package (docs/book_pages.py): the weights
// of the shipped model, named as in PyTorch, and both players of the clever casino. A vector is an
// array of numbers and a matrix an array of rows. A test compares both probabilities with PyTorch's
// and NumPy's (tests/browser/check_play.mjs).

// --------------------------------------------------------------------------------- linear algebra

function dot(a, b) {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

function multiply(matrix, vector) {
  return matrix.map((row) => dot(row, vector));
}

function add(...vectors) {
  return vectors[0].map((_, i) => vectors.reduce((total, vector) => total + vector[i], 0));
}

function sum(vector) {
  return vector.reduce((total, number) => total + number, 0);
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// ----------------------------------------------------- the LSTM: seqclf_utils/model.py, notebook 02

// The state before the first throw: the output h and the cell state c, each H zeros.
function startLstm(weights) {
  const zeros = weights["fc.weight"][0].map(() => 0);
  return { h: zeros, c: zeros };
}

// Read one symbol, 1 to 6, and return the next state. PyTorch stacks the rows of the four gates:
// input, forget, candidate, output, H rows each.
function lstmStep(weights, { h, c }, symbol) {
  const x = weights["embed.weight"][symbol]; // (E,)
  const gates = add(
    multiply(weights["lstm.weight_ih_l0"], x),
    weights["lstm.bias_ih_l0"],
    multiply(weights["lstm.weight_hh_l0"], h),
    weights["lstm.bias_hh_l0"],
  ); // (4 * H,)
  const gate = (k) => gates.slice(k * h.length, (k + 1) * h.length); // (H,)
  const input = gate(0).map(sigmoid);
  const forget = gate(1).map(sigmoid);
  const candidate = gate(2).map(Math.tanh);
  const output = gate(3).map(sigmoid);

  const nextC = c.map((old, i) => forget[i] * old + input[i] * candidate[i]);
  const nextH = nextC.map((cell, i) => output[i] * Math.tanh(cell));
  return { h: nextH, c: nextC };
}

// The probability of a cheat: the linear layer reads the last output, and the sigmoid its logit.
function lstmProbability(weights, { h }) {
  return sigmoid(dot(weights["fc.weight"][0], h) + weights["fc.bias"][0]);
}

// ------------------------------------- the exact odds: seqclf_utils/casino.py, the forward algorithm

// Before the first throw: the probability of each die, and the logarithm of P(throws so far).
function startOdds(player) {
  return { dice: player.start, logLikelihood: 0, isFirst: true };
}

// See one throw. Each die is reached from every die before it and has to show this face. Scaled to
// sum to 1 at each throw, the probabilities of the dice never become too small for a computer.
function oddsStep(player, { dice, logLikelihood, isFirst }, face) {
  const arrive = (die) => sum(dice.map((p, before) => p * player.switch[before][die])); // P(die)
  const before = isFirst ? dice : dice.map((_, die) => arrive(die)); // (S,)
  const joint = before.map((p, die) => p * player.faces[die][face - 1]); // P(die and face)
  const likelihood = sum(joint); // P(face | throws before)
  return {
    dice: joint.map((p) => p / likelihood),
    logLikelihood: logLikelihood + Math.log(likelihood),
    isFirst: false,
  };
}

// Honest players and cheats are equally frequent: by Bayes' rule, the sigmoid of the evidence.
function exactProbability(honest, cheat) {
  return sigmoid(cheat.logLikelihood - honest.logLikelihood);
}

// ------------------------------------------------------------------- a table with a player who throws

// Draw an index with the given probabilities.
function draw(probabilities) {
  let left = Math.random();
  const index = probabilities.findIndex((p) => (left -= p) < 0);
  return index < 0 ? probabilities.length - 1 : index; // rounding
}

class Table {
  constructor({ weights, honest, cheat }) {
    Object.assign(this, { weights, honest, cheat });
    this.isCheat = Math.random() < 0.5;
    this.player = this.isCheat ? cheat : honest;
    this.throws = []; // faces 1 to 6
    this.dice = []; // which die the player took, in secret
    this.lstm = []; // the LSTM's probability of a cheat after each throw
    this.odds = []; // the best possible one
    this.state = startLstm(weights);
    this.ifHonest = startOdds(honest);
    this.ifCheat = startOdds(cheat);
  }

  // The player takes a die and throws it.
  throw() {
    const { start, switch: after, faces } = this.player;
    const die = draw(this.dice.length ? after[this.dice.at(-1)] : start);
    this.dice.push(die);
    this.see(draw(faces[die]) + 1);
  }

  // The judges see the face, and nothing else.
  see(face) {
    this.throws.push(face);
    this.state = lstmStep(this.weights, this.state, face);
    this.ifHonest = oddsStep(this.honest, this.ifHonest, face);
    this.ifCheat = oddsStep(this.cheat, this.ifCheat, face);
    this.lstm.push(lstmProbability(this.weights, this.state));
    this.odds.push(exactProbability(this.ifHonest, this.ifCheat));
  }
}
