import type { World } from "../store/reducer";

export interface Suggestion {
  /** What replaces the typed fragment. */
  insert: string;
  label: string;
  hint: string;
  kind: "command" | "user" | "group" | "channel";
}

export interface Fragment {
  start: number;
  end: number;
  suggestions: Suggestion[];
}

const MOST = 8;

/** What could complete the word at the caret: a slash command at the start, @people and #channels anywhere. */
export function suggest(text: string, caret: number, world: World, inThread: boolean): Fragment | null {
  const before = text.slice(0, caret);
  if (!inThread && /^\/\S*$/.test(before)) {
    const typed = before.toLowerCase();
    const found = world.commands
      .filter((c) => c.command.startsWith(typed))
      .map((c): Suggestion => ({
        insert: `${c.command} `,
        label: `${c.command} ${c.usage_hint}`.trim(),
        hint: c.description,
        kind: "command",
      }));
    return found.length > 0 ? { start: 0, end: caret, suggestions: found } : null;
  }
  const word = /(?:^|\s)([@#])([\w.-]*)$/.exec(before);
  if (!word) return null;
  const needle = (word[2] ?? "").toLowerCase();
  const start = caret - needle.length - 1;
  const matches = (...texts: string[]): boolean => texts.some((t) => t.toLowerCase().split(/\s+/).some((w) => w.startsWith(needle)));
  const found =
    word[1] === "@"
      ? [
          ...world.users
            .filter((u) => matches(u.name, u.real_name))
            .map((u): Suggestion => ({ insert: `@${u.name} `, label: u.real_name || u.name, hint: u.is_bot ? "App" : u.title, kind: "user" })),
          ...world.groups
            .filter((g) => g.enabled && matches(g.handle))
            .map((g): Suggestion => ({ insert: `@${g.handle} `, label: `@${g.handle}`, hint: "Group", kind: "group" })),
        ]
      : world.channels
          .filter((c) => !c.is_im && matches(c.name))
          .map((c): Suggestion => ({ insert: `#${c.name} `, label: `#${c.name}`, hint: c.topic, kind: "channel" }));
  return found.length > 0 ? { start, end: caret, suggestions: found.slice(0, MOST) } : null;
}

/** A stored text as a person would type it: mentions by name, no escapes. For editing. */
export function asTyped(text: string, world: World): string {
  return text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${world.users.find((u) => u.id === id)?.name ?? id}`)
    .replace(/<!subteam\^(\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${world.groups.find((g) => g.id === id)?.handle ?? id}`)
    .replace(/<#(\w+)(?:\|[^>]*)?>/g, (_, id: string) => `#${world.channels.find((c) => c.id === id)?.name ?? id}`)
    .replace(/<([^>|]+)(?:\|[^>]*)?>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** "/drift fraud" -> its command and the rest; null when the text is no command. */
export function asCommand(text: string): { command: string; rest: string } | null {
  const match = /^(\/[a-z][\w-]*)(?:\s+([\s\S]*))?$/i.exec(text.trim());
  return match?.[1] ? { command: match[1], rest: (match[2] ?? "").trim() } : null;
}
