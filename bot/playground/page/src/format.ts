import { emojify, get } from "node-emoji";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });

/** A Slack ts ("1700000000.000100", seconds) as a date. */
export const dateOf = (ts: string): Date => new Date(Number(ts) * 1000);
export const clock = (ts: string): string => time.format(dateOf(ts));
export const fullDate = (ts: string): string => fullTime.format(dateOf(ts));
export const dayKey = (ts: string): string => dateOf(ts).toDateString();

export function dayName(ts: string, now = new Date()): string {
  const day = dateOf(ts);
  if (day.toDateString() === now.toDateString()) return "Today";
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return longDay.format(day);
}

export function ago(ts: string, now = Date.now()): string {
  const minutes = Math.floor((now - dateOf(ts).getTime()) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  return longDay.format(dateOf(ts));
}

/** Names Slack uses that the emoji table does not know. */
const SLACK_NAMES: Record<string, string> = {
  "+1": "👍",
  "-1": "👎",
  thumbsup: "👍",
  thumbsdown: "👎",
  large_green_circle: "🟢",
  large_yellow_circle: "🟡",
  large_orange_circle: "🟠",
  red_circle: "🔴",
  white_check_mark: "✅",
  rotating_light: "🚨",
};

export function emoji(name: string): string {
  const plain = name.split("::")[0] ?? name;
  return SLACK_NAMES[plain] ?? get(plain) ?? `:${plain}:`;
}

/** Plain text of Block Kit with its emoji shortcodes drawn. */
export function withEmoji(text: string): string {
  return text.includes(":") ? emojify(text, { fallback: (name) => emoji(name) }) : text;
}

export const initials = (name: string): string =>
  name
    .split(/[\s._-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => (word[0] ?? "").toUpperCase())
    .join("");

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
