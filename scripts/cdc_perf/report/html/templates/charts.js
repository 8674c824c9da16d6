// Draws the page's charts from its embedded data. Without it, the tables show the same figures.

const PRINT_WIDTH = 660;
const PAGES = 20;

const scenarios = JSON.parse(document.querySelector('#data').textContent);
const printed = matchMedia('print');
const places = [...document.querySelectorAll('.chart')];
const plots = new Map();
let printing = false;

const spoken = document.createElement('p');
spoken.className = 'spoken';
spoken.setAttribute('aria-live', 'polite');
document.body.append(spoken);

function alongTime(scenario, key) {
  return {
    cursor: { drag: { x: true, y: false }, sync: { key, scales: ['x', null] } },
    hooks: {
      drawClear: [
        (plot) => {
          shade(plot, 0, scenario.warm_up);
          for (const { begin, end } of scenario.bands ?? []) {
            shade(plot, begin, end);
          }
        },
      ],
      draw: [
        (plot) => {
          for (const [row, happened] of scenario.marks.entries()) {
            mark(plot, happened, row);
          }
        },
      ],
    },
  };
}

function draw(place) {
  const { scenario: key, chart: name } = place.dataset;
  const chart = scenarios[key].charts[name];
  const room = place.clientWidth || PRINT_WIDTH;
  const options = {
    width: printing || printed.matches ? Math.min(PRINT_WIDTH, room) : room,
    height: HEIGHTS[name] ?? HEIGHT,
    scales: scales(chart),
    axes: axes(chart),
    bands: bands(chart),
    series: [positions(chart), ...lines(chart)],
    ...(chart.x === 'time' ? alongTime(scenarios[key], key) : { hooks: { drawAxes: [zero] } }),
  };
  const data = [unpacked(chart.positions), ...chart.lines.map((line) => unpacked(line.values))];
  plots.get(place)?.destroy();
  plots.set(place, new uPlot(options, data, place));
}

function drawAll() {
  for (const place of places) {
    draw(place);
  }
}

function reading(plot, index) {
  return plot.series.map((one, line) => `${one.label} ${one.value(plot, plot.data[line][index])}`).join(', ');
}

/** Moves the cursor by some positions, and announces the values there. */
function move(plot, by) {
  const last = plot.data[0].length - 1;
  const index = Math.min(last, Math.max(0, (plot.cursor.idx ?? -1) + by));
  // The last argument moves the cursor of the synchronized charts too.
  plot.setCursor({ left: plot.valToPos(plot.data[0][index], 'x'), top: plot.over.clientHeight / 2 }, true, true);
  spoken.textContent = reading(plot, index);
}

/** Zooms around the cursor, or out to all; charts with the same time axis zoom together. */
function zoom(place, factor) {
  const plot = plots.get(place);
  const [at] = plot.data;
  const { min, max } = plot.scales.x;
  const middle = at[plot.cursor.idx] ?? (min + max) / 2;
  const half = ((max - min) * factor) / 2;
  const range = { min: Math.max(at[0], middle - half), max: Math.min(at.at(-1), middle + half) };
  const synced = plot.cursor.sync.key;
  for (const other of plots.values()) {
    if (other === plot || (synced && other.cursor.sync.key === synced)) {
      other.setScale('x', range);
    }
  }
}

function pressed(event) {
  const place = event.currentTarget;
  const plot = plots.get(place);
  const page = Math.max(1, Math.round(plot.data[0].length / PAGES));
  const actions = {
    ArrowLeft: () => move(plot, -1),
    ArrowRight: () => move(plot, 1),
    PageUp: () => move(plot, -page),
    PageDown: () => move(plot, page),
    Home: () => move(plot, -Infinity),
    End: () => move(plot, Infinity),
    '+': () => zoom(place, 0.5),
    '-': () => zoom(place, 2),
    0: () => zoom(place, Infinity),
  };
  const action = event.ctrlKey || event.metaKey || event.altKey ? null : actions[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

/** Fits a chart to its container's width only: the chart itself sets the container's height. */
function follow(place) {
  const plot = plots.get(place);
  const width = place.clientWidth;
  if (width > 0 && width !== plot.width && !printing && !printed.matches) {
    plot.setSize({ width, height: plot.height });
  }
}

function print(begins) {
  printing = begins;
  document.documentElement.classList.toggle('printing', begins);
  drawAll();
}

drawAll();
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    follow(target);
  }
});
for (const place of places) {
  place.addEventListener('keydown', pressed);
  observer.observe(place);
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
printed.addEventListener('change', drawAll);
addEventListener('beforeprint', () => print(true));
addEventListener('afterprint', () => print(false));
