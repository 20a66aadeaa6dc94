import { createContext, useContext, type Dispatch } from "react";
import { Api, PlayError } from "../api";
import type { User } from "../types";
import type { Action, Place, World } from "./reducer";

export interface Slack {
  world: World;
  me: User;
  api: Api;
  dispatch: Dispatch<Action>;
  go: (place: Place, focus?: string | null) => void;
  openThread: (channel: string, ts: string) => void;
  becomes: (user: User) => void;
  enlarge: (picture: Picture) => void;
  theme: "light" | "dark";
}

export interface Picture {
  url: string;
  title: string;
}

export const SlackContext = createContext<Slack | null>(null);

export function useSlack(): Slack {
  const slack = useContext(SlackContext);
  if (!slack) throw new Error("useSlack outside of SlackContext");
  return slack;
}

/** What went wrong, in words a person can use. */
export function explain(error: unknown): { text: string; detail: string } {
  if (!(error instanceof PlayError)) {
    return { text: "The playground did not answer", detail: "Is it still running? The page tries again by itself." };
  }
  if (error.code === "dispatch_failed") {
    return { text: "The app did not acknowledge in 3 seconds", detail: error.detail };
  }
  return { text: error.detail || "Slack refused this", detail: error.detail ? error.code : `error: ${error.code}` };
}

/** Run a request; a refusal becomes a toast. Answers whether it went well. */
export async function attempt(slack: Pick<Slack, "dispatch">, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    slack.dispatch({ type: "toast", ...explain(error), level: "warning" });
    return false;
  }
}
