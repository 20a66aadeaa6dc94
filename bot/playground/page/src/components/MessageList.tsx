import { Fragment, useCallback, useEffect, useLayoutEffect, useRef, useState, type ReactElement, type ReactNode } from "react";
import { dayKey, dayName, plural } from "../format";
import type { Message } from "../types";
import { Icon } from "./Icons";
import { MessageRow } from "./MessageRow";

interface Props {
  messages: readonly Message[];
  inThread?: boolean;
  hasMore?: boolean;
  loadOlder?: () => Promise<void>;
  /** What stands above the very first message. */
  top?: ReactNode;
  /** A line after the parent of a thread. */
  afterFirst?: ReactNode;
  label: string;
  me: string;
  /** The ts of a message to bring into view. */
  focus?: string | null;
}

const NEAR_BOTTOM_PX = 60;
const NEAR_TOP_PX = 150;
const SAME_BREATH_S = 5 * 60;

function follows(message: Message, before: Message | undefined): boolean {
  return (
    before !== undefined &&
    before.user === message.user &&
    before.username === message.username &&
    !before.ephemeral &&
    dayKey(before.ts) === dayKey(message.ts) &&
    Number(message.ts) - Number(before.ts) < SAME_BREATH_S
  );
}

interface Scrolling {
  box: React.RefObject<HTMLDivElement | null>;
  content: React.RefObject<HTMLDivElement | null>;
  unseen: number;
  onScroll: () => void;
  toBottom: () => void;
}

/** Slack's scrolling: glued to the bottom while there; else left alone, with a count of what came below. */
function useScrolling({ messages, me, hasMore, loadOlder, focus }: Props): Scrolling {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const glued = useRef(true);
  const loading = useRef(false);
  const lastTs = useRef(0);
  const [unseen, setUnseen] = useState(0);

  const toBottom = useCallback(() => {
    glued.current = true;
    setUnseen(0);
    const el = box.current;
    if (el) el.scrollTop = el.scrollHeight;
  }, []);

  useLayoutEffect(() => {
    const fresh = messages.filter((m) => Number(m.ts) > lastTs.current);
    lastTs.current = Math.max(lastTs.current, Number(messages[messages.length - 1]?.ts ?? 0));
    if (glued.current || fresh.some((m) => m.user === me)) toBottom();
    else if (fresh.length > 0) setUnseen((n) => n + fresh.length);
  }, [messages, me, toBottom]);

  useEffect(() => {
    // Pictures and fonts change heights after the fact.
    const observer = new ResizeObserver(() => {
      if (glued.current && box.current) box.current.scrollTop = box.current.scrollHeight;
    });
    if (content.current) observer.observe(content.current);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  const onScroll = (): void => {
    const el = box.current;
    if (!el) return;
    glued.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_BOTTOM_PX;
    if (glued.current) setUnseen(0);
    if (el.scrollTop < NEAR_TOP_PX && hasMore && loadOlder && !loading.current) {
      loading.current = true;
      void loadOlder().finally(() => {
        loading.current = false;
      });
    }
  };

  useEffect(() => {
    if (!focus) return;
    const row = content.current?.querySelector<HTMLElement>(`[data-ts="${focus}"]`);
    if (!row) return;
    glued.current = false;
    row.scrollIntoView({ block: "center" });
  }, [focus, messages.length]);

  const count = messages.length;
  const firstTs = messages[0]?.ts;
  const heightBefore = useRef({ height: 0, firstTs });
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    // Older messages came in above: keep the eye on the same line.
    const before = heightBefore.current;
    if (before.firstTs !== undefined && firstTs !== before.firstTs && !glued.current) {
      el.scrollTop += el.scrollHeight - before.height;
    }
    heightBefore.current = { height: el.scrollHeight, firstTs };
  }, [count, firstTs]);

  return { box, content, unseen, onScroll, toBottom };
}

export function MessageList(props: Props): ReactElement {
  const { messages, inThread = false, hasMore, top, afterFirst, label } = props;
  const { box, content, unseen, onScroll, toBottom } = useScrolling(props);
  return (
    <div className="scroll-frame">
      <div ref={box} className="messages" onScroll={onScroll} role="log" aria-label={label} aria-live="polite" tabIndex={-1}>
        <div ref={content} className="messages-content">
          {hasMore ? <p className="older muted">Loading earlier messages</p> : top}
          {messages.map((message, index) => {
            const before = messages[index - 1];
            const newDay = !inThread && (!before || dayKey(before.ts) !== dayKey(message.ts));
            return (
              <Fragment key={message.ts}>
                {newDay ? (
                  <div className="day" role="separator">
                    <span>{dayName(message.ts)}</span>
                  </div>
                ) : null}
                <MessageRow message={message} follows={follows(message, before) && !(inThread && index === 1)} inThread={inThread} />
                {index === 0 ? afterFirst : null}
              </Fragment>
            );
          })}
        </div>
      </div>
      {unseen > 0 ? (
        <button type="button" className="pill" data-testid="new-messages" onClick={toBottom}>
          <Icon name="arrowDown" size={14} /> {plural(unseen, "new message")}
        </button>
      ) : null}
    </div>
  );
}
