import type { Channel, PlayState, User } from "./types";
import type { Place } from "./store/reducer";

/** The page's address: `?as=chloe&channel=incidents`, so that two tabs can be two people. */
export function wantedUser(): string | undefined {
  return new URLSearchParams(location.search).get("as") ?? undefined;
}

export function wantedPlace(state: PlayState, me: User): Place {
  const name = new URLSearchParams(location.search).get("channel");
  if (name === "home") return { kind: "home" };
  const found = name ? state.channels.find((c) => c.id === name || addressOf(c, state.users) === name) : undefined;
  const mine = state.channels.filter((c) => !c.is_im && (c.members.length === 0 || c.members.includes(me.id)));
  const place = found ?? mine.find((c) => c.name === "incidents") ?? mine[0] ?? state.channels[0];
  return place ? { kind: "channel", id: place.id } : { kind: "home" };
}

export interface MessageLink {
  channel: string;
  ts: string;
  thread: string | null;
}

/** A permalink of this playground (/archives/C1/p1700000000000100), or null. */
export function linkOf(href: string): MessageLink | null {
  let url: URL;
  try {
    url = new URL(href, location.href);
  } catch {
    return null;
  }
  const found = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(url.pathname);
  if (url.host !== location.host || !found) return null;
  const [, channel = "", seconds = "", micros = ""] = found;
  const ts = `${seconds}.${micros}`;
  const thread = url.searchParams.get("thread_ts");
  return { channel, ts, thread: thread && thread !== ts ? thread : null };
}

export function addressOf(channel: Channel, users: readonly User[]): string {
  if (!channel.is_im) return channel.name;
  const other = users.find((u) => u.id === channel.user);
  return other ? `@${other.name}` : channel.id;
}

export function rememberPlace(me: User, place: string): void {
  const query = new URLSearchParams(location.search);
  query.set("as", me.name);
  query.set("channel", place);
  history.replaceState(null, "", `${location.pathname}?${query.toString().replaceAll("%40", "@")}`);
}
