/** The playground's own interface, as written in ../PROTOCOL.md. */

export interface User {
  id: string;
  name: string;
  real_name: string;
  title: string;
  color: string;
  is_bot: boolean;
  role: string;
}

export interface Channel {
  id: string;
  name: string;
  topic: string;
  is_im: boolean;
  user?: string | null;
  members: string[];
  unread: number;
}

export interface BotApp {
  id: string;
  name: string;
  bot_user_id: string;
  color: string;
  mode: "socket" | "http" | "none";
  connected: boolean;
  last_seen: number | string | null;
}

export interface Command {
  command: string;
  description: string;
  usage_hint: string;
}

export interface Shortcut {
  callback_id: string;
  name: string;
  type: "message" | "global" | (string & {});
}

export interface Reaction {
  name: string;
  users: string[];
}

export interface SlackFile {
  id: string;
  name: string;
  title: string;
  mimetype: string;
  url: string;
  width?: number | null;
  height?: number | null;
  alt_text?: string;
}

/** Block Kit as it arrives; the drawing code narrows what it needs. */
export interface KitBlock {
  type: string;
  block_id?: string;
  [key: string]: unknown;
}

export interface Attachment {
  color?: string;
  title?: string;
  text?: string;
  fallback?: string;
  blocks?: KitBlock[];
}

export interface Message {
  ts: string;
  channel: string;
  user: string;
  username: string;
  is_bot: boolean;
  text: string;
  blocks?: KitBlock[] | null;
  thread_ts?: string | null;
  reply_count?: number;
  reply_users?: string[];
  latest_reply?: string | null;
  reactions: Reaction[];
  edited?: boolean;
  ephemeral?: boolean;
  files?: SlackFile[] | null;
  attachments?: Attachment[] | null;
  deleted?: boolean;
}

export interface View {
  id: string;
  type: "modal" | "home";
  title?: string | { text: string } | null;
  blocks: KitBlock[];
  submit?: string | { text: string } | null;
  close?: string | { text: string } | null;
  private_metadata?: string;
  callback_id?: string;
}

export interface PanelAction {
  id: string;
  title: string;
  description: string;
  style?: "primary" | "danger" | "default" | (string & {}) | null;
  busy?: boolean;
}

export interface Panel {
  title: string;
  text: string;
  actions: PanelAction[];
  links: { label: string; url: string }[];
  facts: { label: string; value: string; level?: string | null }[];
}

export interface Notice {
  level: "info" | "warning" | "error" | (string & {});
  text: string;
}

/** A group of people; mentioned by its handle. */
export interface Group {
  id: string;
  handle: string;
  members: string[];
  enabled: boolean;
}

export interface PlayState {
  ok: true;
  team: { id: string; name: string };
  users: User[];
  groups: Group[];
  channels: Channel[];
  app: BotApp;
  commands: Command[];
  shortcuts: Shortcut[];
  panel: Panel | null;
  notices: Notice[];
}

export type StreamEvent =
  | { type: "message"; message: Message }
  | { type: "message_changed"; message: Message }
  | { type: "message_deleted"; channel: string; ts: string; ephemeral?: boolean }
  | { type: "reaction"; channel: string; ts: string; reactions: Reaction[] }
  | { type: "view_opened" | "view_updated" | "view_pushed"; view: View }
  | { type: "view_closed"; view_id: string; all?: boolean }
  | { type: "home"; view: View | null }
  | { type: "channel"; channel: Channel }
  | { type: "group"; group: Group }
  | { type: "app"; app: BotApp }
  | { type: "panel"; panel: Panel | null }
  | { type: "trouble"; text: string; detail: string };

/** Where an interactive element lives: what POST /play/click calls its container. */
export type Container =
  | { type: "message"; channel: string; ts: string; ephemeral?: boolean }
  | { type: "view"; view_id: string };

/** The plain value of an element: text, one option, several options, or nothing chosen. */
export type PlainValue = string | string[] | number | null;

/** What a form holds: block id -> action id -> value. */
export type Values = Record<string, Record<string, PlainValue>>;

export interface SubmitAnswer {
  ok: true;
  closed: boolean;
  errors?: Record<string, string>;
}
