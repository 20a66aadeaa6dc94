import type { KitBlock } from "../types";

/** Drawn instead of a picture that lies outside the playground: the page makes no external requests. */
export const BLANK =
  "data:image/svg+xml," +
  encodeURIComponent(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='4' fill='#8a8f98'/><path d='M7 23l6-8 5 6 3-4 4 6z' fill='#fff'/></svg>",
  );

interface SlackFileRef {
  id?: string;
  url?: string;
}

/** The playground's address of a picture, or null when it lies outside. */
export function localPicture(url: unknown, file?: unknown): string | null {
  const ref = (file ?? {}) as SlackFileRef;
  const id = ref.id ?? /\b(F[A-Z0-9]{5,})\b/.exec(ref.url ?? "")?.[1];
  if (id) return `/play/file/${id}`;
  const address = ref.url ?? (typeof url === "string" ? url : "");
  if (address.startsWith("data:")) return address;
  try {
    const parsed = new URL(address, location.href);
    return parsed.host === location.host ? parsed.pathname + parsed.search : null;
  } catch {
    return null;
  }
}

/** A copy of a block in which every picture is local. */
export function localised<T>(value: T): T {
  if (Array.isArray(value)) return value.map(localised) as T;
  if (value === null || typeof value !== "object") return value;
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) copy[key] = localised(part);
  if (copy["type"] === "image" || "image_url" in copy || "slack_file" in copy) {
    copy["image_url"] = localPicture(copy["image_url"], copy["slack_file"]) ?? BLANK;
    delete copy["slack_file"];
  }
  return copy as T;
}

/** Slack does not show the line breaks just inside a code fence. */
const fenced = (text: string): string => text.replace(/```\n?([\s\S]*?)\n?```/g, "```$1```");

/** Sections never fold their text away here: an on-call person should not have to click to read. */
export function unfolded(block: KitBlock): KitBlock {
  if (block.type !== "section") return block;
  const text = block["text"] as { type: string; text: string } | undefined;
  const shown = text?.type === "mrkdwn" ? { ...text, text: fenced(text.text) } : text;
  return { ...block, ...(shown ? { text: shown } : {}), expand: true };
}

/** The library reads "02:38](http:" as an emoji: colons of link labels become their lookalike. */
const plainLabels = (text: string): string =>
  text.replace(/<([^|>]+)\|([^>]*)>/g, (_, url: string, label: string) => `<${url}|${label.replaceAll(":", "∶")}>`);

/** In Slack `verbatim` only stops links being made of plain text; the library stops all formatting. */
export function formatted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(formatted) as T;
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([name]) => name !== "verbatim");
  const copy = Object.fromEntries(entries.map(([name, inner]) => [name, formatted(inner)]));
  if (copy["type"] === "mrkdwn" && typeof copy["text"] === "string") copy["text"] = plainLabels(copy["text"]);
  return copy as T;
}
