import type { BotApp, Channel, Message, Notice, Panel, PlayState, StreamEvent, View } from "../types";

export interface Timeline {
  messages: Message[];
  hasMore: boolean;
}

export interface Toast {
  id: number;
  text: string;
  detail: string;
  level: "info" | "warning";
}

export type Place = { kind: "channel"; id: string } | { kind: "home" };

export interface World {
  team: PlayState["team"];
  users: PlayState["users"];
  groups: PlayState["groups"];
  channels: Channel[];
  app: BotApp;
  commands: PlayState["commands"];
  shortcuts: PlayState["shortcuts"];
  panel: Panel | null;
  notices: Notice[];
  place: Place;
  timelines: Record<string, Timeline>;
  thread: { channel: string; ts: string } | null;
  /** The message that a link led to: brought into view and marked. */
  focus: string | null;
  threads: Record<string, Message[]>;
  views: View[];
  /** A modal came or went on the stream since it came up: that is newer than any answer asked for at its start. */
  viewsHeard: boolean;
  home: View | null;
  homeLoaded: boolean;
  toasts: Toast[];
  online: boolean;
}

export type Action =
  | { type: "state"; state: PlayState }
  | { type: "stream"; event: StreamEvent; me: string }
  | { type: "page"; channel: string; messages: Message[]; hasMore: boolean; older: boolean }
  | { type: "thread_loaded"; ts: string; messages: Message[] }
  | { type: "open_thread"; thread: World["thread"] }
  | { type: "go"; place: Place; focus?: string | null }
  | { type: "home"; view: View | null }
  | { type: "views"; views: View[] }
  | { type: "close_view"; id: string }
  | { type: "toast"; text: string; detail: string; level: Toast["level"] }
  | { type: "dismiss"; id: number }
  | { type: "online"; online: boolean };

export function firstWorld(state: PlayState, place: Place): World {
  return {
    ...state,
    place,
    timelines: {},
    thread: null,
    focus: null,
    threads: {},
    views: [],
    viewsHeard: false,
    home: null,
    homeLoaded: false,
    toasts: [],
    online: true,
  };
}

const byTs = (a: Message, b: Message): number => Number(a.ts) - Number(b.ts);

/** The list with `incoming` in it: replaced where the ts is known, else in its place. */
export function merge(list: readonly Message[], incoming: readonly Message[]): Message[] {
  const found = new Map(list.map((message) => [message.ts, message]));
  for (const message of incoming) found.set(message.ts, message);
  return [...found.values()].filter((message) => !message.deleted).sort(byTs);
}

/** What is shown after a reload of the newest page: the server's word, plus older pages and ephemerals kept. */
function refreshed(list: readonly Message[], page: readonly Message[]): Message[] {
  const start = page[0] ? Number(page[0].ts) : Infinity;
  return merge(
    list.filter((message) => message.ephemeral || Number(message.ts) < start),
    page,
  );
}

const isReply = (message: Message): boolean =>
  !!message.thread_ts && message.thread_ts !== message.ts;

function withTimeline(world: World, channel: string, change: (list: Message[]) => Message[]): World {
  const timeline = world.timelines[channel];
  if (!timeline) return world;
  return {
    ...world,
    timelines: { ...world.timelines, [channel]: { ...timeline, messages: change(timeline.messages) } },
  };
}

function withThread(world: World, ts: string, change: (list: Message[]) => Message[]): World {
  const list = world.threads[ts];
  return list ? { ...world, threads: { ...world.threads, [ts]: change(list) } } : world;
}

/** Apply a change to every shown copy of one message, in the channel and in its thread. */
function touch(world: World, channel: string, ts: string, change: (message: Message) => Message): World {
  const one = (list: Message[]): Message[] => list.map((m) => (m.ts === ts ? change(m) : m));
  let next = withTimeline(world, channel, one);
  for (const thread of Object.keys(next.threads)) next = withThread(next, thread, one);
  return next;
}

/** Count a new reply on its parent, unless the parent already tells of it. */
function countReply(parent: Message, reply: Message): Message {
  if (reply.ephemeral || Number(parent.latest_reply ?? 0) >= Number(reply.ts)) return parent;
  return {
    ...parent,
    reply_count: (parent.reply_count ?? 0) + 1,
    reply_users: [...new Set([...(parent.reply_users ?? []), reply.user])],
    latest_reply: reply.ts,
  };
}

function arrived(world: World, message: Message, me: string): World {
  if (isReply(message) && message.thread_ts) {
    const next = touch(world, message.channel, message.thread_ts, (m) => countReply(m, message));
    return withThread(next, message.thread_ts, (list) => merge(list, [message]));
  }
  const next = withTimeline(world, message.channel, (list) => merge(list, [message]));
  const seen = world.place.kind === "channel" && world.place.id === message.channel;
  if (seen || message.user === me) return next;
  return {
    ...next,
    channels: next.channels.map((c) => (c.id === message.channel ? { ...c, unread: c.unread + 1 } : c)),
  };
}

function removed(world: World, channel: string, ts: string): World {
  const drop = (list: Message[]): Message[] => list.filter((m) => m.ts !== ts);
  let next = withTimeline(world, channel, drop);
  for (const thread of Object.keys(next.threads)) next = withThread(next, thread, drop);
  return next.thread?.ts === ts ? { ...next, thread: null } : next;
}

function changed(world: World, message: Message): World {
  if (message.deleted) return removed(world, message.channel, message.ts);
  return touch(world, message.channel, message.ts, (old) => ({
    ...message,
    reply_count: message.reply_count ?? old.reply_count,
    reply_users: message.reply_users ?? old.reply_users,
    latest_reply: message.latest_reply ?? old.latest_reply,
  }));
}

function withChannel(world: World, channel: Channel): World {
  const here = world.place.kind === "channel" && world.place.id === channel.id;
  const fresh = here ? { ...channel, unread: 0 } : channel;
  const known = world.channels.some((c) => c.id === channel.id);
  return {
    ...world,
    channels: known
      ? world.channels.map((c) => (c.id === channel.id ? fresh : c))
      : [...world.channels, fresh],
  };
}

let toastId = 0;

function toasted(world: World, text: string, detail: string, level: Toast["level"]): World {
  toastId += 1;
  return { ...world, toasts: [...world.toasts.slice(-3), { id: toastId, text, detail, level }] };
}

function streamed(world: World, event: StreamEvent, me: string): World {
  switch (event.type) {
    case "message":
      return arrived(world, event.message, me);
    case "message_changed":
      return changed(world, event.message);
    case "message_deleted":
      return removed(world, event.channel, event.ts);
    case "reaction":
      return touch(world, event.channel, event.ts, (m) => ({ ...m, reactions: event.reactions }));
    case "view_opened":
      return { ...world, viewsHeard: true, views: [event.view] };
    case "view_pushed":
      return {
        ...world,
        viewsHeard: true,
        views: [...world.views.filter((v) => v.id !== event.view.id), event.view],
      };
    case "view_updated":
      if (event.view.type === "home") return { ...world, home: event.view, homeLoaded: true };
      return { ...world, views: world.views.map((v) => (v.id === event.view.id ? event.view : v)) };
    case "view_closed":
      return {
        ...world,
        viewsHeard: true,
        views: event.all ? [] : world.views.filter((v) => v.id !== event.view_id),
      };
    case "home":
      return { ...world, home: event.view, homeLoaded: true };
    case "channel":
      return withChannel(world, event.channel);
    case "group":
      return { ...world, groups: world.groups.map((g) => (g.id === event.group.id ? event.group : g)) };
    case "app":
      return { ...world, app: event.app };
    case "panel":
      return { ...world, panel: event.panel };
    case "trouble":
      return toasted(world, event.text, event.detail, "warning");
    default:
      return world;
  }
}

function went(world: World, place: Place): World {
  if (place.kind === "home") return { ...world, place, thread: null };
  return {
    ...world,
    place,
    thread: world.thread && world.thread.channel === place.id ? world.thread : null,
    channels: world.channels.map((c) => (c.id === place.id ? { ...c, unread: 0 } : c)),
  };
}

export function reduce(world: World, action: Action): World {
  switch (action.type) {
    case "state":
      return went({ ...world, ...action.state }, world.place);
    case "stream":
      return streamed(world, action.event, action.me);
    case "page": {
      const old = world.timelines[action.channel];
      const messages = action.older
        ? merge(old?.messages ?? [], action.messages)
        : refreshed(old?.messages ?? [], action.messages);
      const hasMore = action.older || !old || old.messages.length === 0 ? action.hasMore : old.hasMore;
      return { ...world, timelines: { ...world.timelines, [action.channel]: { messages, hasMore } } };
    }
    case "thread_loaded": {
      const kept = (world.threads[action.ts] ?? []).filter((m) => m.ephemeral);
      return { ...world, threads: { ...world.threads, [action.ts]: merge(kept, action.messages) } };
    }
    case "open_thread":
      return { ...world, thread: action.thread };
    case "go":
      return { ...went(world, action.place), focus: action.focus ?? null };
    case "home":
      // The app's answer to app_home_opened may have come by the stream before this one.
      return { ...world, home: action.view ?? world.home, homeLoaded: true };
    case "views":
      return { ...world, views: world.viewsHeard ? world.views : action.views };
    case "close_view":
      return { ...world, viewsHeard: true, views: world.views.filter((v) => v.id !== action.id) };
    case "toast":
      return toasted(world, action.text, action.detail, action.level);
    case "dismiss":
      return { ...world, toasts: world.toasts.filter((t) => t.id !== action.id) };
    case "online":
      return { ...world, online: action.online, viewsHeard: action.online ? false : world.viewsHeard };
  }
}
