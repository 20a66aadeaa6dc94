import { useCallback, useRef, useState, type ReactElement } from "react";
import { emoji } from "../format";
import { attempt, useSlack } from "../store/context";
import type { Message } from "../types";
import { EmojiPicker } from "./EmojiPicker";
import { Icon } from "./Icons";

export function Reactions({ message }: { message: Message }): ReactElement | null {
  const { world, me, api, dispatch } = useSlack();
  const anchor = useRef<HTMLButtonElement>(null);
  const [picking, setPicking] = useState(false);
  const close = useCallback(() => setPicking(false), []);
  if (message.reactions.length === 0) return null;

  const toggle = (name: string, remove: boolean): void => {
    void attempt({ dispatch }, () => api.react(message.channel, message.ts, name, remove));
  };
  const nameOf = (id: string): string => (id === me.id ? "you" : (world.users.find((u) => u.id === id)?.name ?? id));
  return (
    <div className="reactions" data-testid="reactions">
      {message.reactions.map(({ name, users }) => {
        const mine = users.includes(me.id);
        const who = `${users.map(nameOf).join(", ")} reacted with :${name}:`;
        return (
          <button
            key={name}
            type="button"
            className={`reaction ${mine ? "mine" : ""}`}
            aria-pressed={mine}
            aria-label={who}
            title={who}
            data-reaction={name}
            onClick={() => toggle(name, mine)}
          >
            <span>{emoji(name)}</span> {users.length}
          </button>
        );
      })}
      <button
        ref={anchor}
        type="button"
        className="reaction reaction-add"
        aria-label="Add reaction"
        onClick={() => setPicking(!picking)}
      >
        <Icon name="smile" size={16} />
      </button>
      {picking ? <EmojiPicker anchor={anchor} close={close} pick={(name) => toggle(name, false)} /> : null}
    </div>
  );
}
