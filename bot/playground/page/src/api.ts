import type { Container, Message, PlainValue, PlayState, SubmitAnswer, Values, View } from "./types";

/** A refusal of the playground, with its error code and the words that explain it. */
export class PlayError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(detail || code);
  }
}

async function read<T>(response: Response): Promise<T> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok || body["ok"] === false) {
    throw new PlayError(
      response.status,
      String(body["error"] ?? `http_${response.status}`),
      String(body["detail"] ?? ""),
    );
  }
  return body as T;
}

async function get<T>(path: string, query: Record<string, string | undefined>): Promise<T> {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, value);
  return read<T>(await fetch(`${path}?${params}`, { headers: { Accept: "application/json" } }));
}

async function post<T>(path: string, body: Record<string, unknown>): Promise<T> {
  return read<T>(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

export const getState = (as: string): Promise<PlayState> => get("/play/state", { as });

/** The state as `wanted` sees it; as the first of the people when nobody of that name is there. */
export async function enterState(wanted: string | undefined): Promise<PlayState> {
  try {
    return await getState(wanted ?? "");
  } catch (error) {
    // The refusal names the people there are: "...; there are: ada, ben".
    const first = error instanceof PlayError ? /there are: ([^,]+)/.exec(error.detail)?.[1] : undefined;
    if (!first) throw error;
    return getState(first.trim());
  }
}

/** The requests of one acting user. */
export class Api {
  constructor(readonly as: string) {}

  messages(channel: string, before?: string): Promise<{ messages: Message[]; has_more: boolean }> {
    return get("/play/messages", { as: this.as, channel, before, limit: "50" });
  }
  thread(channel: string, thread_ts: string): Promise<{ messages: Message[] }> {
    return get("/play/thread", { as: this.as, channel, thread_ts });
  }
  home(): Promise<{ view: View | null }> {
    return get("/play/home", { as: this.as });
  }
  say(channel: string, text: string, thread_ts?: string): Promise<{ ts: string }> {
    return post("/play/say", { as: this.as, channel, text, thread_ts });
  }
  dm(user: string): Promise<{ channel: string | { id: string } }> {
    return post("/play/dm", { as: this.as, user });
  }
  command(channel: string, command: string, text: string): Promise<unknown> {
    return post("/play/command", { as: this.as, channel, command, text });
  }
  /** `values`: what the form of a view holds at this moment. */
  click(container: Container, block_id: string, action_id: string, value?: PlainValue, values?: Values): Promise<unknown> {
    return post("/play/click", { as: this.as, container, block_id, action_id, value, values });
  }
  views(): Promise<{ views: View[] }> {
    return get("/play/views", { as: this.as });
  }
  submit(view_id: string, values: Values): Promise<SubmitAnswer> {
    return post("/play/submit", { as: this.as, view_id, values });
  }
  close(view_id: string): Promise<unknown> {
    return post("/play/close", { as: this.as, view_id });
  }
  react(channel: string, ts: string, name: string, remove: boolean): Promise<unknown> {
    return post("/play/react", { as: this.as, channel, ts, name, remove });
  }
  edit(channel: string, ts: string, text: string): Promise<unknown> {
    return post("/play/edit", { as: this.as, channel, ts, text });
  }
  delete(channel: string, ts: string): Promise<unknown> {
    return post("/play/delete", { as: this.as, channel, ts });
  }
  shortcut(callback_id: string, channel?: string, ts?: string): Promise<unknown> {
    return post("/play/shortcut", { as: this.as, callback_id, channel, ts });
  }
  panel(id: string): Promise<{ text: string }> {
    return post(`/play/panel/${encodeURIComponent(id)}`, { as: this.as });
  }
  streamUrl(): string {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return `${scheme}://${location.host}/play/stream?as=${encodeURIComponent(this.as)}`;
  }
}
