import { useCallback, useEffect, useState, type ReactElement } from "react";
import { enterState, getState } from "./api";
import { wantedUser } from "./address";
import { Workspace } from "./Workspace";
import { explain } from "./store/context";
import { useTheme } from "./theme";
import type { PlayState, User } from "./types";

interface Session {
  state: PlayState;
  me: User;
}

function pick(state: PlayState, wanted: string | undefined): User | undefined {
  const people = state.users.filter((u) => !u.is_bot);
  return people.find((u) => u.id === wanted || u.name === wanted) ?? people[0];
}

/** Find out who acts, then show the workspace as that person sees it. */
export function App(): ReactElement {
  const [theme, toggleTheme] = useTheme();
  const [session, setSession] = useState<Session | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const enter = useCallback(async (wanted: string | undefined): Promise<void> => {
    try {
      const first = await enterState(wanted);
      const me = pick(first, wanted);
      if (!me) {
        setProblem("The playground has no people to act as.");
        return;
      }
      // The first answer may have been for someone else: channels and unread marks depend on who asks.
      const state = me.name === wanted || me.id === wanted ? first : await getState(me.id);
      setSession({ state, me });
      setProblem(null);
    } catch (error) {
      setProblem(explain(error).text);
    }
  }, []);

  useEffect(() => {
    void enter(wantedUser());
  }, [enter]);

  useEffect(() => {
    if (!problem || session) return;
    const timer = window.setTimeout(() => void enter(wantedUser()), 2000);
    return () => window.clearTimeout(timer);
  }, [problem, session, enter]);

  if (!session) {
    return (
      <main className="start" role="status" data-testid="starting">
        <p>{problem ?? "Opening the workspace"}</p>
        {problem ? <p className="muted">Trying again every two seconds.</p> : null}
      </main>
    );
  }
  return (
    <Workspace
      key={session.me.id}
      first={session.state}
      me={session.me}
      theme={theme}
      toggleTheme={toggleTheme}
      becomes={(user) => void enter(user.id)}
    />
  );
}
