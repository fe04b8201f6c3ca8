// Arrays of settings: packed by mibench.reports.study_packing, inflated by the browser when a setting is first shown.
const BITS = 1 / Math.LN2;

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

async function unpackPlane(plane) {
  const [mean, sd, middle, single, nulls, error] = await Promise.all([
    both(plane.mean),
    both(plane.sd),
    both(plane.middle),
    both(plane.single.values),
    plane.null ? unpack(plane.null) : null,
    plane.error ? both(plane.error) : null,
  ]);
  return { ...plane, mean, sd, middle, single: { epochs: plane.single.epochs, values: single }, null: nulls, error, layers: mean[0].shape[0] };
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
