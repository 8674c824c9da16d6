// The look of the charts as options of uPlot: values, colors of the page, axes, and lines.

const HEIGHTS = { latency: 280, distribution: 260, slower: 260 };
const HEIGHT = 170;
const SMALL_TEXT = 12;
const ROWS = 5;
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
  return chart.x === 'time'
    ? { label: 'at', value: orNothing(clock) }
    : { label: 'latency, ms', value: orNothing(latency) };
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
  const along =
    chart.x === 'time' ? { incrs: SECONDS, values: each(clock) } : { splits, values: each(latency) };
  const found = [
    { ...look, size: 34, ...along },
    { ...look, size: 64, values: each(number) },
  ];
  if (chart.lines.some((line) => line.share)) {
    found.push({ ...look, scale: 'share', side: 1, size: 60, grid: { show: false }, values: each(percent) });
  }
  return found;
}

const spread = (_plot, least, most) => (least > 0 ? [least / 1.25, most * 1.25] : [0.1, 10]);
const fromZero = (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1];

function scales(chart) {
  return {
    x: { time: false },
    y: chart.log ? { distr: 3, range: spread } : { range: fromZero },
    share: { range: [0, 1] },
  };
}

/** Shades the seconds before `until`, the warm-up. */
function shade(plot, until) {
  const { min, max } = plot.scales.x;
  const left = plot.valToPos(Math.max(0, min), 'x', true);
  const right = plot.valToPos(Math.min(until, max), 'x', true);
  if (right > left) {
    plot.ctx.fillStyle = color('shade');
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  }
}

/** Marks an event of the stack with a line and a label, each label a row below the last. */
function mark(plot, { at, label }, row) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  if (at < min || at > max) {
    return;
  }
  const x = Math.round(plot.valToPos(at, 'x', true));
  ctx.save();
  ctx.strokeStyle = color('bad');
  ctx.fillStyle = color('bad');
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${SMALL_TEXT * devicePixelRatio}px sans-serif`;
  ctx.textAlign = x > bbox.left + bbox.width / 2 ? 'right' : 'left';
  ctx.fillText(` ${label} `, x, bbox.top + SMALL_TEXT * (1 + (row % ROWS)) * devicePixelRatio);
  ctx.restore();
}
