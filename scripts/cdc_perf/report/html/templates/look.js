// The look of the charts as options of uPlot: values, colors of the page, axes, and lines.

const HEIGHTS = {
  latency: 280,
  distribution: 260,
  slower: 260,
  shift: 240,
  'shift-percent': 240,
  'slices-p50': 220,
  'slices-p95': 220,
};
const HEIGHT = 170;
const SMALL_TEXT = 12;
const ROWS = 5;
const TICKS = 5;
// Characters of base64: about 600 numbers.
const MANY = 3200;
const DASHES = [[], [], [8, 4], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4]];
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const NOTHING = '–';

/** Unpacks the numbers of `packed` in scripts/cdc_perf/report/html/chart.py; a gap is null. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.codePointAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, index) => {
    const value = view.getFloat32(4 * index, true);
    return Number.isNaN(value) ? null : value;
  });
}

function clock(seconds) {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/u, '');
}

const number = (value) => value.toLocaleString('en', { maximumSignificantDigits: 3 });
const percent = (share) => `${number(100 * share)}%`;
const latency = (doublings) => number(2 ** doublings);
const orNothing = (show) => (_, value) => (typeof value === 'number' ? show(value) : NOTHING);
const each = (show) => (_, values) => values.map((value) => (typeof value === 'number' ? show(value) : ''));
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Returns the positions of 1, 2, 5, 10, 20 ... on an axis of doublings. */
function splits(_plot, _axis, least, most) {
  const found = [];
  for (let power = Math.floor(least * Math.log10(2)) - 1; 10 ** power <= 2 ** most; power += 1) {
    found.push(...[1, 2, 5].map((digit) => Math.log2(digit * 10 ** power)));
  }
  return found.filter((at) => at >= least && at <= most);
}

/** Returns round values at equal distances, about as many as there is room for. */
function evenly(least, most) {
  const rough = (most - least) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough);
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, index) => (first + index) * step);
}

/** Returns the values on a logarithmic axis: of a short one evenly, of a long one powers of ten. */
function ticks(_plot, _axis, least, most) {
  const decades = Math.log10(most / least);
  if (decades < 1) {
    return evenly(least, most);
  }
  const first = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(decades) + 1 }, (_, index) => 10 ** (first + index));
  const digits = decades < TICKS - 2 ? [1, 2, 5] : [1];
  return powers.flatMap((power) => digits.map((digit) => digit * power)).filter((at) => at >= least && at <= most);
}

const unfiltered = (_plot, values) => values;

function drawing(line) {
  switch (line.drawn) {
    case 'step': {
      return { paths: uPlot.paths.stepped({ align: 1 }) };
    }
    case 'bar': {
      return { paths: uPlot.paths.bars({ size: [0.9, 60] }), fill: color('band'), width: 1 };
    }
    case 'edge': {
      return { width: 1 };
    }
    default: {
      return { dash: DASHES[line.color % DASHES.length] };
    }
  }
}

function series(line) {
  return {
    label: line.label,
    stroke: color(`line-${line.color}`),
    width: line.values.length > MANY && line.drawn === 'line' ? 1 : 2,
    points: { show: false },
    scale: line.share ? 'share' : 'y',
    value: orNothing(line.share ? percent : number),
    ...drawing(line),
  };
}

/** Returns uPlot's first series: the meaning of the positions. */
function positions(chart) {
  switch (chart.x) {
    case 'time': {
      return { label: 'at', value: orNothing(clock) };
    }
    case 'labels': {
      return { label: 'at', value: orNothing((at) => chart.labels[at]) };
    }
    default: {
      return { label: 'latency, ms', value: orNothing(latency) };
    }
  }
}

/** Returns the options of the axis along the positions. */
function along(chart) {
  switch (chart.x) {
    case 'time': {
      return { incrs: SECONDS, values: each(clock) };
    }
    case 'labels': {
      return { splits: () => chart.labels.map((_, at) => at), values: each((at) => chart.labels[at]) };
    }
    default: {
      return { splits, values: each(latency) };
    }
  }
}

/** A line drawn as an edge bounds a band with the line after it, which is equally thin. */
function lines(chart) {
  return chart.lines.map((line, index) => ({
    ...series(line),
    ...(chart.lines[index - 1]?.drawn === 'edge' && { width: 1 }),
  }));
}

function bands(chart) {
  return chart.lines.flatMap((line, index) =>
    line.drawn === 'edge' ? [{ series: [index + 1, index + 2], fill: color('band') }] : [],
  );
}

function axes(chart) {
  const look = { stroke: color('muted'), grid: { stroke: color('grid'), width: 1 }, ticks: { show: false } };
  const found = [
    { ...look, size: 34, ...along(chart) },
    { ...look, size: 64, values: each(number), ...(chart.log && { splits: ticks, filter: unfiltered }) },
  ];
  if (chart.lines.some((line) => line.share)) {
    found.push({ ...look, scale: 'share', side: 1, size: 60, grid: { show: false }, values: each(percent) });
  }
  return found;
}

const spread = (_plot, least, most) => (least > 0 ? [least / 1.25, most * 1.25] : [0.1, 10]);

/** Returns a range with 0, which bars, bands, and differences need. */
function withZero(_plot, least, most) {
  const range = [Math.min(0, least * 1.1), Math.max(0, most * 1.1)];
  return range[0] < range[1] ? range : [0, 1];
}

function scales(chart) {
  return {
    x: { time: false },
    y: chart.log ? { distr: 3, range: spread } : { range: withZero },
    share: { range: [0, 1] },
  };
}

/** Shades the seconds from `since` to `until`: the warm-up, or the time of a fault. */
function shade(plot, since, until) {
  const { min, max } = plot.scales.x;
  const left = plot.valToPos(Math.max(since, min), 'x', true);
  const right = plot.valToPos(Math.min(until, max), 'x', true);
  if (right > left) {
    plot.ctx.fillStyle = color('shade');
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  }
}

/** Draws a line at 0 between values above and below. */
function zero(plot) {
  const { ctx, bbox } = plot;
  if (plot.scales.y.min < 0) {
    const y = Math.round(plot.valToPos(0, 'y', true));
    ctx.fillStyle = color('text');
    ctx.fillRect(bbox.left, y, bbox.width, devicePixelRatio);
  }
}

/** Marks an event, or where a part begins, with a line and a label. Labels of events are in rows. */
function mark(plot, { at, label, parts }, row) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  if (at < min || at > max) {
    return;
  }
  const x = Math.round(plot.valToPos(at, 'x', true));
  ctx.save();
  ctx.strokeStyle = color(parts ? 'muted' : 'bad');
  ctx.fillStyle = ctx.strokeStyle;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${SMALL_TEXT * devicePixelRatio}px sans-serif`;
  ctx.textAlign = !parts && x > bbox.left + bbox.width / 2 ? 'right' : 'left';
  const below = parts ? 0 : row % ROWS;
  ctx.fillText(` ${label} `, x, bbox.top + SMALL_TEXT * (1 + below) * devicePixelRatio);
  ctx.restore();
}
