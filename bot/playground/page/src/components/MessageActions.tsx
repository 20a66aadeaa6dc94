import { useCallback, useRef, useState, type ReactElement } from "react";
import { emoji } from "../format";
import { attempt, useSlack } from "../store/context";
import type { Message } from "../types";
import { EmojiPicker } from "./EmojiPicker";
import { Icon } from "./Icons";
import { Menu, type MenuItem } from "./Menu";

interface Props {
  message: Message;
  inThread: boolean;
  edit: () => void;
  /** Keeps the bar in place while one of its menus is open. */
  hold: (held: boolean) => void;
}

const QUICK = ["white_check_mark", "eyes", "pushpin"];

export function MessageActions({ message, inThread, edit, hold }: Props): ReactElement {
  const { world, me, api, dispatch, openThread } = useSlack();
  const picker = useRef<HTMLButtonElement>(null);
  const more = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<"picker" | "menu" | null>(null);
  const show = (what: "picker" | "menu"): void => {
    setOpen(open === what ? null : what);
    hold(open !== what);
  };
  const close = useCallback(() => {
    setOpen(null);
    hold(false);
  }, [hold]);

  const react = (name: string): void => {
    const mine = message.reactions.some((r) => r.name === name && r.users.includes(me.id));
    void attempt({ dispatch }, () => api.react(message.channel, message.ts, name, mine));
  };
  const shortcuts: MenuItem[] = world.shortcuts
    .filter((s) => s.type === "message" || s.type === "message_action")
    .map((s) => ({
      id: s.callback_id,
      label: s.name,
      hint: world.app.name,
      run: () => void attempt({ dispatch }, () => api.shortcut(s.callback_id, message.channel, message.ts)),
    }));
  const own: MenuItem[] =
    message.user === me.id
      ? [
          { id: "edit", label: "Edit message", run: edit },
          {
            id: "delete",
            label: "Delete message",
            danger: true,
            run: () => void attempt({ dispatch }, () => api.delete(message.channel, message.ts)),
          },
        ]
      : [];

  return (
    <div className="message-actions" role="toolbar" aria-label="Message actions" data-testid="message-actions">
      {QUICK.map((name) => (
        <button key={name} type="button" aria-label={`React with ${name.replaceAll("_", " ")}`} onClick={() => react(name)}>
          {emoji(name)}
        </button>
      ))}
      <button ref={picker} type="button" aria-label="Find another reaction" onClick={() => show("picker")}>
        <Icon name="smile" />
      </button>
      {inThread ? null : (
        <button
          type="button"
          aria-label="Reply in thread"
          data-testid="reply-in-thread"
          onClick={() => openThread(message.channel, message.thread_ts ?? message.ts)}
        >
          <Icon name="reply" />
        </button>
      )}
      <button
        ref={more}
        type="button"
        aria-label="More actions"
        aria-haspopup="menu"
        aria-expanded={open === "menu"}
        data-testid="message-more"
        onClick={() => show("menu")}
      >
        <Icon name="more" />
      </button>
      {open === "picker" ? <EmojiPicker anchor={picker} close={close} pick={react} /> : null}
      {open === "menu" ? (
        <Menu anchor={more} close={close} items={[...shortcuts, ...own]} align="end" label="Message actions" />
      ) : null}
    </div>
  );
}
