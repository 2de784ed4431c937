// Shows what the event stream tells, once a second.

import { drawBar, drawForecast, drawThroughput } from "./chart.js";

const $ = (id) => document.getElementById(id);
const SECONDS = 600;

// How many calls of each class ended in each second, by its number.
let seconds = new Map();
let newest = 0;
let last = null;
let rotatedAt = null;

function text(id, value) {
  const it = $(id);
  if (it.textContent !== String(value)) it.textContent = value;
}

function show(id, visible) {
  $(id).hidden = !visible;
}

function number(value) {
  return value.toLocaleString("en");
}

function duration(ms) {
  const s = ms / 1_000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3_600)} h`;
  return `${Math.round(s / 86_400)} days`;
}

function row(cells, rest) {
  const line = document.createElement("tr");
  if (rest) line.className = "rest";
  cells.forEach((cell, index) => {
    const it = document.createElement("td");
    it.textContent = cell;
    if (index) it.className = "right";
    else it.title = cell;
    line.append(it);
  });
  return line;
}

function list(id, entries) {
  $(id).replaceChildren(...entries.map(([name, value, warns]) => {
    const [line, term, detail] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
    term.textContent = name;
    detail.textContent = value;
    if (warns) detail.className = "warn";
    line.append(term, detail);
    return line;
  }));
}

// The only part that is read out by itself: rare, and short.
function tell(what) {
  const [line, time, words] = ["li", "time", "span"].map((tag) => document.createElement(tag));
  time.textContent = new Date().toLocaleTimeString("en", { hour12: false });
  words.textContent = what;
  line.append(time, words);
  $("log").prepend(line);
  while ($("log").children.length > 12) $("log").lastChild.remove();
  show("log-empty", false);
}

function tellChanges(state) {
  const { budget, token } = state;
  const before = last;
  if (!before) return;
  if (state.started !== before.started) {
    rotatedAt = null;
    tell("The program was started again");
    return;
  }
  const [was, is] = [before.reasons.join(", "), state.reasons.join(", ")];
  if (was !== is) tell(is ? `Not ready: ${is}` : "Ready again");
  if (budget && before.budget) {
    const new429s = budget.throttled - before.budget.throttled;
    const why = new429s > 0 ? "The server throttled a request (429)" : "";
    if (budget.paused && !before.budget.paused) {
      tell(`${why || "Paused"}: nothing leaves for ${duration(budget.paused)}`);
    } else if (why && !budget.paused) {
      tell(why);
    }
    if (!budget.paused && before.budget.paused) tell("Requests leave again");
  }
  if (token && before.token && token.generation !== before.token.generation) {
    rotatedAt = Date.now();
    tell(`The token was replaced: it is number ${token.generation} now`);
  }
}

function showReadiness(reasons) {
  const ready = $("ready");
  ready.hidden = false;
  ready.className = reasons.length ? "badge warn" : "badge";
  text("ready", reasons.length ? `not ready: ${reasons.join(", ")}` : "ready");
}

function showBudget(budget) {
  show("budget", budget);
  show("server", budget);
  if (!budget) return;
  const back = Math.max(0, budget.limit - budget.free - budget.in_flight);
  document.title = `${budget.paused ? "paused" : `${number(budget.free)} free`} · comfycontrol`;
  text("free", number(budget.free));
  text("limit", `of ${number(budget.limit)} free`);
  text("free-legend", number(budget.free));
  text("flight", number(budget.in_flight));
  text("back", number(back));
  drawBar($("bar"), budget);
  $("bar").setAttribute("aria-label", `${budget.free} free, ${budget.in_flight} in flight, ${back} coming back`);
  show("pause", budget.paused);
  text("pause", budget.paused ? `paused, ${duration(budget.paused)} left` : "");
  const { fleet } = budget;
  show("fleet", fleet);
  if (fleet) {
    const away = fleet.away === null ? "" : `; the store has not answered for ${duration(fleet.away)}`;
    text("fleet", `Shared by ${fleet.members} processes, ${fleet.in_flight} of their requests in flight${away}`);
  }
  show("forecast-part", !fleet);
  if (!fleet) showForecast(budget);
  list("server-list", [
    ["429s", number(budget.throttled), budget.throttled > 0],
    ["cooldowns", number(budget.cooldowns), budget.cooldowns > 0],
    ["slots granted", number(budget.granted)],
    ["without a response", number(budget.lost)],
    ["rejected here", number(budget.rejected + (last?.queue?.rejected ?? 0))],
  ]);
}

function showForecast(budget) {
  drawForecast($("forecast"), budget);
  const [most, at] = budget.forecast.at(-1) ?? [0, 0];
  const end = at ? `${most} are free in ${duration(at)}` : `${most} are free now`;
  $("forecast").setAttribute("aria-label", `If no further call leaves, ${end}`);
  // A line for each instant, with what is free from then on.
  const lines = new Map(budget.forecast.map(([slots, at]) => [Math.ceil(at / 1_000), slots]));
  $("forecast-table").replaceChildren(...[...lines].map(([s, slots]) => row([s ? `${s} s` : "now", slots])));
}

function showQueue({ budget, queue, calls }) {
  show("queue", queue || budget);
  const waiting = (queue?.queued ?? 0) + (budget?.queued ?? 0);
  text("waiting", number(waiting));
  text("waiting-unit", waiting === 1 ? "call waits" : "calls wait");
  const next = budget?.next_slot;
  const when = next === 0 ? "now" : next ? `in ${duration(Math.max(next, 100))}` : "when responses arrive";
  text("next", budget ? `Next slot ${when}` : "");
  const callers = new Map();
  const caller = (name) => callers.get(name) ?? callers.set(name, [0, 0, 0]).get(name);
  for (const [name, count] of queue?.callers ?? []) caller(name)[0] = count;
  for (const [name, count, throttled] of calls?.callers ?? []) caller(name).splice(1, 2, count, throttled);
  const sorted = [...callers].sort(([, a], [, b]) => b[0] - a[0] || b[1] - a[1]);
  const rest = [0, 0, 0];
  const add = (more) => more.forEach((value, index) => (rest[index] += value));
  sorted.slice(10).forEach(([, counts]) => add(counts));
  add([queue?.others ?? 0, ...(calls?.others ?? [0, 0])]);
  const rows = sorted.slice(0, 10).map(([name, counts]) => row([name, ...counts.map(number)]));
  if (rest.some(Boolean)) rows.push(row(["others", ...rest.map(number)], true));
  if (queue?.unnamed) rows.push(row(["without a name", number(queue.unnamed), "", ""], true));
  $("callers-table").replaceChildren(...rows);
  show("callers", rows.length);
}

// Succeeded, throttled, failed.
function parts(counts = [0, 0, 0, 0, 0, 0]) {
  const [success, client, throttled, server, failed, cancelled] = counts;
  return [success, throttled, client + server + failed + cancelled];
}

function sum(from, to) {
  const total = [0, 0, 0];
  for (let second = from; second < to; second += 1) {
    parts(seconds.get(second)).forEach((count, index) => (total[index] += count));
  }
  return total;
}

function showCalls(calls) {
  show("calls", calls);
  show("times", calls);
  if (!calls) return;
  calls.seconds.forEach((counts, index) => seconds.set(calls.first_second + index, counts));
  newest = calls.first_second + calls.seconds.length - 1;
  for (const second of seconds.keys()) if (second <= newest - SECONDS) seconds.delete(second);
  const each = $("throughput").clientWidth < 500 ? 10 : 5;
  // Bars stand still while they fill, so they end at a multiple of their width.
  const end = (Math.floor(newest / each) + 1) * each;
  const bars = [];
  for (let from = end - SECONDS; from < end; from += each) bars.push(sum(from, from + each));
  drawThroughput($("throughput"), bars, each);
  const [good, throttled, bad] = sum(newest - SECONDS + 1, newest + 1);
  $("throughput").setAttribute("aria-label",
    `In the last ten minutes ${good} calls succeeded, ${throttled} were throttled, ${bad} failed`);
  text("good", number(good));
  text("throttled", number(throttled));
  text("bad", number(bad));
  // The newest second is not over yet.
  const lately = sum(newest - 10, newest).reduce((a, b) => a + b, 0);
  text("rate", (lately / 10).toFixed(1));
  const minutes = [...Array(10).keys()].map((minute) => {
    const to = newest + 1 - minute * 60;
    return row([minute ? `${minute} to ${minute + 1}` : "up to 1", ...sum(to - 60, to).map(number)]);
  });
  $("calls-table").replaceChildren(...minutes);
  const times = (name, { count, median, p95 }) => {
    const most = (s) => (s === null ? "over 300 s" : s < 1 ? `≤ ${s * 1_000} ms` : `≤ ${s} s`);
    return count ? [[`median ${name}`, most(median)], [`${name} of 95 in 100`, most(p95)]] : [];
  };
  const ended = calls.totals.reduce((a, b) => a + b, 0);
  list("times-list", [
    ["calls ended", number(ended)],
    ...times("wait", calls.wait),
    ...times("duration", calls.duration),
  ]);
}

function showToken(token, now) {
  show("token", token);
  if (!token) return;
  const left = token.expires_at === null ? null : token.expires_at - now;
  const expiry = left === null ? "not known" : left <= 0 ? "has expired" : `in ${duration(left)}`;
  const problem = token.is_unauthorized ? "the server rejects it" : token.error ? "reading it failed" : "";
  show("token-problem", problem);
  text("token-problem", problem);
  const entries = [
    ["source", token.source],
    ["expires", expiry, left !== null && left < 86_400_000],
    ["number", token.generation ? number(token.generation) : "none yet", !token.generation],
    ["fingerprint", token.fingerprint ?? "none"],
  ];
  if (rotatedAt) entries.push(["replaced", `${duration(Date.now() - rotatedAt)} ago`]);
  if (token.error) entries.push(["last error", token.error, true]);
  list("token-list", entries);
}

function render(state) {
  tellChanges(state);
  last = state;
  showReadiness(state.reasons);
  showBudget(state.budget);
  showQueue(state);
  showCalls(state.calls);
  showToken(state.token, state.now);
}

let stream = null;
let again = null;

function live(how, words) {
  $("live").className = `live ${how}`;
  text("live", words);
}

function connect() {
  clearTimeout(again);
  stream?.close();
  stream = new EventSource("events");
  stream.onopen = () => {
    // The first event has all seconds; those of before may be of another start of the program.
    seconds = new Map();
    live("on", "live");
  };
  stream.onmessage = (event) => render(JSON.parse(event.data));
  stream.onerror = () => {
    live("off", "not connected");
    // A browser comes back by itself, unless the response was not a stream.
    if (stream.readyState === EventSource.CLOSED) again = setTimeout(connect, 5_000);
  };
}

// A hidden page keeps no stream open.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(again);
    stream?.close();
    live("", "paused");
  } else {
    connect();
  }
});

// Charts are drawn for the width they have.
addEventListener("resize", () => {
  if (last) render(last);
});

connect();
