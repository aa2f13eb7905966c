// Chart.js with this page's colours; a chart is kept and given new data, never drawn anew.
import { h } from "./dom.js";

const charts = new Set();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(format, { stacked = false, horizontal = false } = {}) {
  const grid = { color: colour("--line"), drawBorder: false };
  const ticks = { color: colour("--muted"), maxRotation: 0, autoSkipPadding: 14, font: { size: 11 } };
  const figures = { beginAtZero: true, stacked, grid, ticks: { ...ticks, maxTicksLimit: 5, precision: format.whole ? 0 : undefined,
    callback: (v, _, all) => (format.tick ? format.tick(v, all.length > 1 ? all[1].value - all[0].value : v) : format(v)) } };
  const names = { stacked, grid: { display: false }, ticks };
  return {
    animation: false, maintainAspectRatio: false, indexAxis: horizontal ? "y" : "x",
    interaction: { mode: "index", intersect: false, axis: horizontal ? "y" : "x" },
    scales: horizontal ? { x: figures, y: names } : { x: names, y: figures },
    plugins: {
      legend: { display: stacked, labels: { color: colour("--text"), boxWidth: 10, boxHeight: 10 } },
      tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${format(item.raw)}` } },
    },
  };
}

// kind: "line" or "bar"; series: [{ label, colour: "--chart-1" }]; format: figure to text.
// `none`: what stands in its place while all figures are 0. Answers { element, show(labels, lists, summary) }: `summary` is what a screen reader is told.
export function chart({ title, kind, series, format, none = "Nothing in this time.", low = false, ...form }) {
  const canvas = h("canvas", { role: "img" });
  const nothing = h("p", { class: "empty", hidden: true }, none);
  const element = h("div", { class: low ? "chart low" : "chart" }, canvas, nothing);
  let drawn = null;
  let shown = [[], series.map(() => []), title];
  const data = () => ({
    labels: shown[0],
    datasets: series.map((each, i) => {
      const ink = colour(each.colour);
      return { label: each.label, data: shown[1][i], borderColor: ink, borderWidth: kind === "line" ? 2 : 0,
        backgroundColor: kind === "line" ? `${ink}26` : ink, fill: kind === "line", tension: 0.25, pointRadius: 0,
        pointHitRadius: 12, borderRadius: 3, maxBarThickness: 34 };
    }),
  });
  const self = {
    element,
    show(labels, lists, summary) {
      shown = [labels, lists, summary];
      canvas.setAttribute("aria-label", `${title}: ${summary}`);
      if (!canvas.isConnected) return;
      const empty = lists.every((list) => list.every((each) => each === 0));
      canvas.hidden = empty;
      nothing.hidden = !empty;
      if (empty) return;
      if (!drawn) drawn = new Chart(canvas, { type: kind, data: data(), options: options(format, form) });
      else {
        drawn.data.labels = labels;
        lists.forEach((list, i) => { drawn.data.datasets[i].data = list; });
        drawn.update("none");
      }
    },
    redraw() {
      drawn?.destroy();
      drawn = null;
      self.show(...shown);
    },
    destroy() { drawn?.destroy(); },
  };
  charts.add(self);
  return self;
}

export function recolour() {
  for (const each of charts) each.redraw();
}
export function dropCharts() {
  for (const each of charts) each.destroy();
  charts.clear();
}
