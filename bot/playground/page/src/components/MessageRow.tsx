import { memo, useMemo, useState, type FocusEvent, type KeyboardEvent, type ReactElement } from "react";
import { ago, clock, fullDate, plural } from "../format";
import { Blocks } from "../kit/Blocks";
import { LibraryBlocks } from "../kit/LibraryBlocks";
import { SurfaceProvider } from "../kit/SurfaceProvider";
import { attempt, useSlack } from "../store/context";
import type { Attachment, Container, Message } from "../types";
import { asTyped } from "./suggest";
import { Avatar } from "./Avatar";
import { Files } from "./Files";
import { Icon } from "./Icons";
import { MessageActions } from "./MessageActions";
import { Reactions } from "./Reactions";

interface Props {
  message: Message;
  /** Directly below another message of the same author: no avatar, no name. */
  follows: boolean;
  inThread: boolean;
}

/** Blocks behind a coloured bar. */
function Attached({ attachment }: { attachment: Attachment }): ReactElement {
  const { color, blocks, title, text, fallback } = attachment;
  const words = [title ? `*${title}*` : "", text ?? (blocks ? "" : (fallback ?? ""))].filter(Boolean).join("\n");
  const bar = color && /^[0-9a-f]{6}$/i.test(color) ? `#${color}` : color;
  return (
    <div className="attachment" style={bar ? { borderLeftColor: bar } : undefined}>
      {words ? <LibraryBlocks blocks={[{ type: "section", text: { type: "mrkdwn", text: words } }]} /> : null}
      {blocks ? <Blocks blocks={blocks} /> : null}
    </div>
  );
}

function Body({ message }: { message: Message }): ReactElement | null {
  const container = useMemo<Container>(
    () => ({ type: "message", channel: message.channel, ts: message.ts, ...(message.ephemeral ? { ephemeral: true } : {}) }),
    [message.channel, message.ts, message.ephemeral],
  );
  const text = useMemo(() => [{ type: "section", text: { type: "mrkdwn", text: message.text } }], [message.text]);
  return (
    <SurfaceProvider container={container}>
      {message.blocks?.length ? (
        <Blocks blocks={message.blocks} />
      ) : message.text ? (
        <LibraryBlocks blocks={text} />
      ) : null}
      {(message.attachments ?? []).map((attachment, index) => (
        <Attached key={index} attachment={attachment} />
      ))}
    </SurfaceProvider>
  );
}

function EditBox({ message, done }: { message: Message; done: () => void }): ReactElement {
  const { world, api, dispatch } = useSlack();
  const [text, setText] = useState(() => asTyped(message.text, world));
  const save = async (): Promise<void> => {
    if (await attempt({ dispatch }, () => api.edit(message.channel, message.ts, text))) done();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") done();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <div className="edit-box">
      <textarea
        className="field"
        rows={2}
        aria-label="Edit message"
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKey}
      />
      <div className="edit-buttons">
        <button type="button" className="button" onClick={done}>
          Cancel
        </button>
        <button type="button" className="button button-primary" onClick={() => void save()}>
          Save
        </button>
      </div>
    </div>
  );
}

function ThreadLink({ message }: { message: Message }): ReactElement | null {
  const { world, openThread } = useSlack();
  const count = message.reply_count ?? 0;
  if (count === 0) return null;
  const people = (message.reply_users ?? []).slice(0, 4).map((id) => world.users.find((u) => u.id === id));
  return (
    <button
      type="button"
      className="thread-link"
      data-testid="thread-link"
      onClick={() => openThread(message.channel, message.ts)}
    >
      {people.map((user, index) =>
        user ? <Avatar key={user.id} name={user.real_name || user.name} color={user.color} size={22} /> : <i key={index} />,
      )}
      <strong>{plural(count, "reply", "replies")}</strong>
      {message.latest_reply ? <span className="muted">Last reply {ago(message.latest_reply)}</span> : null}
    </button>
  );
}

export const MessageRow = memo(function MessageRow({ message, follows, inThread }: Props): ReactElement {
  const { world, me } = useSlack();
  const [active, setActive] = useState(false);
  const [held, setHeld] = useState(false);
  const [editing, setEditing] = useState(false);
  const author = world.users.find((u) => u.id === message.user);
  const isApp = message.is_bot || message.user === world.app.bot_user_id;
  const given = message.username && message.username !== author?.name ? message.username : "";
  const name = given || author?.real_name || author?.name || message.username || message.user;
  const color = author?.color || (isApp ? world.app.color : "5b6470");
  const compact = follows && !message.ephemeral;
  const blur = (event: FocusEvent<HTMLElement>): void => {
    if (!event.currentTarget.contains(event.relatedTarget)) setActive(false);
  };
  const classes = ["message", compact ? "compact" : "", message.ephemeral ? "ephemeral" : "", held ? "held" : "", world.focus === message.ts ? "focused" : ""];

  return (
    <article
      className={classes.join(" ")}
      aria-label={`${name}, ${clock(message.ts)}`}
      tabIndex={0}
      data-testid="message"
      data-ts={message.ts}
      data-ephemeral={message.ephemeral ? "true" : undefined}
      data-author={message.user}
      onMouseEnter={() => setActive(true)}
      onMouseLeave={() => setActive(false)}
      onFocus={() => setActive(true)}
      onBlur={blur}
      onKeyDown={(event) => {
        if (event.key === "e" && event.target === event.currentTarget && message.user === me.id) {
          event.preventDefault();
          setEditing(true);
        }
      }}
    >
      <div className="gutter">
        {compact ? (
          <time title={fullDate(message.ts)}>{clock(message.ts)}</time>
        ) : (
          <Avatar name={name} color={color} />
        )}
      </div>
      <div className="message-main">
        {message.ephemeral ? (
          <p className="only-you" data-testid="only-you">
            <Icon name="eye" size={14} /> Only visible to you
          </p>
        ) : null}
        {compact ? null : (
          <div className="byline">
            <strong>{name}</strong>
            {isApp ? <span className="badge">APP</span> : null}
            <time title={fullDate(message.ts)}>{clock(message.ts)}</time>
          </div>
        )}
        {editing ? <EditBox message={message} done={() => setEditing(false)} /> : <Body message={message} />}
        {message.edited && !editing && !isApp ? <span className="edited">(edited)</span> : null}
        {message.files?.length ? <Files files={message.files} /> : null}
        <Reactions message={message} />
        {inThread ? null : <ThreadLink message={message} />}
      </div>
      {(active || held) && !editing && !message.ephemeral ? (
        <MessageActions message={message} inThread={inThread} edit={() => setEditing(true)} hold={setHeld} />
      ) : null}
    </article>
  );
});
