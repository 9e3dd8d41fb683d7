/** The numbers' plots, each drawn from the table beside it, which holds all that it shows. */

import uPlot from "uplot";

interface Series {
  step: string;
  labels: string[];
  names: string[];
  columns: (number | null)[][];
  /** What the cells say, in the page's own way of writing numbers, which is not always Intl's. */
  texts: string[][];
}

const HEIGHT = 220;

/** What a table says: its first column names the steps, the others are plotted. */
function readTable(table: HTMLTableElement): Series {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const cells = heads.slice(1).map((_, number) => rows.map((row) => row.cells[number + 1]));
  return {
    step: heads[0]?.textContent ?? "",
    labels: rows.map((row) => row.cells[0]?.textContent ?? ""),
    names: heads.slice(1).map((head) => head.textContent ?? ""),
    columns: cells.map((column) =>
      column.map((cell) => {
        const value = cell?.dataset.value;
        return value === undefined ? null : Number(value);
      }),
    ),
    texts: cells.map((column) => column.map((cell) => cell?.textContent ?? "")),
  };
}

/** Colours as the style sheet has them, which follow the theme and the paper. */
function colours(host: HTMLElement): { text: string; grid: string; series: string[] } {
  const style = getComputedStyle(host);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: read("--cw-plot-text"),
    grid: read("--cw-plot-grid"),
    series: [1, 2, 3, 4].map((number) => read(`--cw-plot-${number}`)),
  };
}

function draw(host: HTMLElement, width: number): uPlot | null {
  const table = host.parentElement?.querySelector("table");
  if (!table) return null;
  const { step, labels, names, columns, texts } = readTable(table);
  const { text, grid, series } = colours(host);
  const dashed = Number(host.dataset.dashed);
  const unit = host.dataset.unit ? ` ${host.dataset.unit}` : "";
  const locale = document.documentElement.lang || "en";
  const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  return new uPlot(
    {
      width,
      height: HEIGHT,
      padding: [12, 12, 0, 0],
      scales: { x: { time: false }, y: { range: (_, _min, max) => [0, (max || 1) * 1.05] } },
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      series: [
        { label: step, value: (_, at) => labels[at] ?? "–" },
        ...names.map((label, number) => {
          const old = number >= names.length - dashed;
          const stroke = (old ? text : series[number % series.length]) ?? text;
          return {
            label,
            stroke,
            width: old ? 1 : 2,
            ...(old ? { dash: [4, 4] } : {}),
            ...(number === 0 && !old ? { fill: `${stroke}1f` } : {}),
            points: { show: labels.length < 3 },
            value: (_: uPlot, value: number | null, _series: number, at: number | null) =>
              value == null || at == null ? "–" : `${texts[number]?.[at]}${unit}`,
          };
        }),
      ],
      axes: [
        {
          ...axis,
          font,
          space: 84,
          incrs: [1, 2, 3, 5, 7, 10, 14, 21, 28, 50, 100, 200, 500],
          values: (_, ticks) => ticks.map((at) => labels[at] ?? ""),
        },
        { ...axis, font, size: 56, values: (_, ticks) => ticks.map((each) => shown.format(each)) },
      ],
    },
    [labels.map((_, number) => number), ...columns],
    host,
  );
}

/** Draws, and again where the width, the theme or the paper is another. */
function keepDrawn(host: HTMLElement): void {
  let plot: uPlot | null = null;
  const redraw = (width = host.clientWidth) => {
    plot?.destroy();
    plot = width ? draw(host, width) : null;
  };
  new ResizeObserver(() => {
    if (plot && host.clientWidth) plot.setSize({ width: host.clientWidth, height: HEIGHT });
    else redraw();
  }).observe(host);
  const themes = new MutationObserver(() => redraw());
  themes.observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
  for (const query of ["(prefers-color-scheme: dark)", "print"])
    matchMedia(query).addEventListener("change", () => redraw());
}

function start(): void {
  for (const host of document.querySelectorAll<HTMLElement>(".cw-canvas")) keepDrawn(host);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
