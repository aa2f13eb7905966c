// Figures as people read them.
const counts = new Intl.NumberFormat("en-US");
const shorts = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const days = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", timeZone: "UTC" });
const utc = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const count = (value) => counts.format(Math.round(value));
export const short = (value) => (Math.abs(value) < 10_000 ? count(value) : shorts.format(value));
short.whole = true; // half a request is none
export const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
export const milliseconds = (ms) => (ms > 0 && ms < 1 ? "< 1 ms" : ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);

// Cents; of less than a dollar three digits that count: a request costs millionths of one.
export function usd(amount) {
  const small = amount !== 0 && Math.abs(amount) < 1;
  const digits = small ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `$${amount.toLocaleString("en-US", digits)}`;
}

// An axis says each figure as exactly as its neighbours: $0.50, $1.00.
usd.tick = (amount, step) => {
  const digits = step >= 1 ? 0 : Math.max(2, Math.ceil(-Math.log10(step)));
  return `$${amount.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
};
percent.tick = (share, step) => `${(100 * share).toFixed(step < 0.01 ? 1 : 0)} %`;

export const day = (date) => days.format(new Date(`${date.slice(0, 10)}T00:00:00Z`));
export const rate = (each) => (each >= 10 ? count(each) : each.toFixed(each > 0 && each < 1 ? 2 : 1));
export const timeUtc = (text) => utc.format(new Date(text));
export const time = (text) => (text ? times.format(new Date(text)) : "never");
export function ago(text, now = Date.now()) {
  if (!text) return "never";
  const seconds = Math.max(0, (now - Date.parse(text)) / 1000);
  for (const [size, unit] of [[86_400, "d"], [3600, "h"], [60, "min"]])
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return "just now";
}
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
export const words = (name) => name.replaceAll("_", " ");
