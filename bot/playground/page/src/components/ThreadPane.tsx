import { useEffect, type ReactElement } from "react";
import { plural } from "../format";
import { useSlack } from "../store/context";
import { Composer } from "./Composer";
import { Icon } from "./Icons";
import { MessageList } from "./MessageList";

export function ThreadPane({ thread }: { thread: { channel: string; ts: string } }): ReactElement {
  const { world, me, dispatch } = useSlack();
  const messages = world.threads[thread.ts] ?? [];
  const channel = world.channels.find((c) => c.id === thread.channel);
  const close = (): void => dispatch({ type: "open_thread", thread: null });
  const replies = messages.filter((m) => m.ts !== thread.ts && !m.ephemeral).length;

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (document.querySelector("[data-dialog],[data-popover],.lightbox")) return;
      dispatch({ type: "open_thread", thread: null });
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [dispatch]);

  return (
    <aside className="thread" aria-label="Thread" data-testid="thread">
      <header className="channel-head">
        <h2>Thread</h2>
        <p className="topic">{channel?.is_im ? "Direct message" : `#${channel?.name ?? ""}`}</p>
        <div className="head-right">
          <button type="button" className="icon-button" aria-label="Close thread" data-testid="thread-close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
      </header>
      <MessageList
        messages={messages}
        inThread
        label="Messages in this thread"
        me={me.id}
        afterFirst={
          replies > 0 ? (
            <div className="reply-count muted">
              <span>{plural(replies, "reply", "replies")}</span>
            </div>
          ) : null
        }
      />
      <Composer channel={thread.channel} threadTs={thread.ts} placeholder="Reply" />
    </aside>
  );
}
