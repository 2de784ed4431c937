// Draws into the page's SVG elements. All text goes in as text, never as markup.

const NAMESPACE = "http://www.w3.org/2000/svg";

function element(name, attributes, text) {
  const it = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
  if (text !== undefined) it.textContent = text;
  return it;
}

// The next "round" number: 1, 2 or 5 times a power of ten.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.9999);
}

// A frame with lines across for `top` and its parts, and what maps numbers to places in it.
function frame(svg, top, columns) {
  const width = Math.max(svg.clientWidth, 200);
  const height = svg.clientHeight || 168;
  const left = 34, right = width - 6, upper = 10, lower = height - 24;
  const parts = [];
  const y = (value) => lower - (value / top) * (lower - upper);
  for (const value of [0, top / 2, top]) {
    const at = Math.round(y(value)) + 0.5;
    parts.push(element("line", { class: value ? "grid" : "axis", x1: left, x2: right, y1: at, y2: at }));
    parts.push(element("text", { x: left - 8, y: at + 4, "text-anchor": "end" }, String(+value.toFixed(2))));
  }
  const x = (value) => left + value * (right - left);
  for (const [part, label, anchor] of columns) {
    parts.push(element("text", { x: x(part), y: height - 4, "text-anchor": anchor }, label));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return { parts, x, y, left, right, upper, lower, width };
}

// Free, in flight and coming back, as parts of the limit.
export function drawBar(svg, budget) {
  const back = Math.max(0, budget.limit - budget.free - budget.in_flight);
  svg.setAttribute("viewBox", `0 0 ${budget.limit} 1`);
  let at = 0;
  const parts = [["fill-free", budget.free], ["fill-flight", budget.in_flight], ["fill-back", back]];
  svg.replaceChildren(...parts.map(([name, width]) => {
    const part = element("rect", { class: name, x: at, y: 0, width, height: 1 });
    at += width;
    return part;
  }));
}

// How many slots will be free, from now on.
export function drawForecast(svg, budget) {
  const last = budget.forecast.at(-1)?.[1] ?? 0;
  const span = Math.max(10_000, Math.ceil(Math.max(last, budget.paused ?? 0) / 5_000) * 5_000);
  const seconds = span / 1_000;
  const columns = [[0, "now", "start"], [0.5, `${seconds / 2} s`, "middle"], [1, `${seconds} s`, "end"]];
  const { parts, x, y, upper, lower, right } = frame(svg, budget.limit, columns);
  if (budget.paused) {
    const edge = x(budget.paused / span);
    parts.push(element("rect", { class: "closed", x: x(0), y: upper, width: edge - x(0), height: lower - upper }));
    parts.push(element("line", { class: "closed-edge", x1: edge, x2: edge, y1: upper, y2: lower }));
    if (edge - x(0) > 90) {
      parts.push(element("text", { class: "closed-text", x: x(0) + 8, y: upper + 18 }, "nothing leaves"));
    }
  }
  let path = `M${x(0)} ${y(0)}`;
  for (const [slots, at] of budget.forecast) path += `H${x(at / span)}V${y(slots)}`;
  path += `H${right}`;
  parts.push(element("path", { class: "area", d: `${path}V${y(0)}H${x(0)}Z` }));
  parts.push(element("path", { class: "curve", d: path }));
  svg.replaceChildren(...parts);
}

// Bars, each of some seconds and with parts from below: succeeded, throttled, failed.
export function drawThroughput(svg, bars, secondsEach) {
  const most = Math.max(...bars.map((bar) => bar.reduce((a, b) => a + b, 0))) / secondsEach;
  const top = roundUp(Math.max(most, 1));
  const columns = [[0, "10 min ago", "start"], [0.5, "5 min ago", "middle"], [1, "now", "end"]];
  const { parts, x, y } = frame(svg, top, columns);
  const each = (x(1) - x(0)) / bars.length;
  const names = ["fill-good", "fill-throttled", "fill-bad"];
  bars.forEach((bar, index) => {
    let below = 0;
    bar.forEach((count, part) => {
      if (!count) return;
      const [from, to] = [y(below / secondsEach), y((below + count) / secondsEach)];
      below += count;
      parts.push(element("rect", {
        class: names[part], x: x(0) + index * each + each * 0.1, width: each * 0.8, y: to,
        height: Math.max(from - to, 1),
      }));
    });
  });
  svg.replaceChildren(...parts);
}
