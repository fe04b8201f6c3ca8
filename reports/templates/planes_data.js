// Arrays of settings: packed by mibench.reports.study_packing, inflated by the browser when a setting is first shown.
const given = JSON.parse(document.getElementById("data").textContent);
const BITS = 1 / Math.LN2;
const I_X = `I(X;${given.letter})`;
const I_Y = `I(${given.letter};Y)`;

// Numbers of any shape, the last axis being time, in one Float64Array; NaN where there is none.
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const halves = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = halves.length / 2;
  const last = packed.shape.at(-1);
  const values = new Float64Array(size);
  let place = 0;
  for (let i = 0; i < size; i++) {
    if (i % last === 0) place = 0;
    place = (place + halves[i] + 256 * halves[size + i]) & 0xffff;
    values[i] = place === 0xffff ? NaN : packed.low + place * packed.step;
  }
  return { shape: packed.shape, values };
}

// A row along time: at(array, run, layer) of an array of shape (runs, layers, epochs).
function along(array, ...places) {
  const last = array.shape.at(-1);
  const row = places.reduce((sum, place, axis) => sum * array.shape[axis] + place, 0);
  return array.values.subarray(row * last, (row + 1) * last);
}

const both = (pair) => Promise.all(pair.map(unpack));

// What a plane has: arrays by name, of one or of a pair; what it lacks is null.
async function unpackEach(told, names, pairs) {
  const found = {};
  for (const name of names) found[name] = told[name] ? await unpack(told[name]) : null;
  for (const name of pairs) found[name] = told[name] ? await both(told[name]) : null;
  return found;
}

async function unpackPlane(plane) {
  const found = await unpackEach(plane, ["null", "lossBound", "loss", "change"], ["mean", "sd", "middle", "error", "smooth", "trust"]);
  const single = await unpackEach(plane.single, ["loss", "change"], ["values", "error", "smooth", "trust"]);
  return { ...plane, ...found, single: { epochs: plane.single.epochs, ...single }, layers: found.mean[0].shape[0] };
}

async function unpackMeasures(measures) {
  const found = { epochs: measures.epochs, runs: measures.runs };
  for (const key of ["loss", "accuracy", "highest"]) {
    found[key] = { mean: await unpack(measures[key].mean), sd: await unpack(measures[key].sd) };
  }
  return found;
}

const loaded = new Map();

// A setting as its page needs it; each is read once.
function load(name) {
  if (!loaded.has(name)) {
    const element = [...document.querySelectorAll("script[data-payload]")].find((each) => each.dataset.payload === name);
    const told = JSON.parse(element.textContent);
    loaded.set(
      name,
      (async () => ({
        ...told,
        planes: await Promise.all(told.planes.map(unpackPlane)),
        measures: told.measures && (await unpackMeasures(told.measures)),
        gallery: told.gallery && { ...told.gallery, values: await unpack(told.gallery.values) },
      }))(),
    );
  }
  return loaded.get(name);
}

// The place of the last epoch that is not after `epoch`.
function upTo(epochs, epoch) {
  let place = 0;
  while (place + 1 < epochs.length && epochs[place + 1] <= epoch) place++;
  return place;
}
