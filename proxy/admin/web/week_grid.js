// Requests by hour of the week, Mondays first.
import { h } from "./dom.js";
import { count, timeUtc } from "./format.js";

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

export function weekGrid(patterns) {
  const hours = patterns.by_hour_of_week;
  const most = Math.max(...hours);
  const cell = (day, hour) => {
    const requests = hours[day * 24 + hour];
    const box = h("i", { title: `${days[day]} ${hour}:00, ${count(requests)} requests` });
    box.style.setProperty("--heat", most ? Math.sqrt(requests / most) : 0);
    return box;
  };
  const busiest = hours.indexOf(most);
  const summary = most ? `Busiest hour: ${days[Math.floor(busiest / 24)]} ${busiest % 24}:00, ${count(most)} requests. ` +
    `Peak minute: ${count(patterns.peak_requests_per_minute)} requests, ${timeUtc(patterns.busiest_minute)}.` : "No requests in this time.";
  return [
    h("div", { class: "week", role: "img", "aria-label": summary },
      days.map((name, day) => [h("span", {}, name), Array.from({ length: 24 }, (_, hour) => cell(day, hour))]),
    h("span"), [0, 6, 12, 18].map((hour) => h("span", { class: "hour" }, `${hour}:00`))),
    h("p", { class: "small muted under" }, summary),
  ];
}
