import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import { PlayError } from "../api";
import { attempt, explain, useSlack } from "../store/context";
import { EmojiPicker } from "./EmojiPicker";
import { emoji } from "../format";
import { Icon } from "./Icons";
import { Menu, type MenuItem } from "./Menu";
import { asCommand, suggest, type Suggestion } from "./suggest";

interface Props {
  channel: string;
  threadTs?: string;
  placeholder: string;
}

/** Unsent texts, by user and place; they live as long as the tab. */
const drafts = new Map<string, string>();
const TALLEST_PX = 240;

function refusal(error: unknown, command: string): string {
  if (error instanceof PlayError && error.code === "unknown_command") {
    return `${command} is not a valid command. Type / to see what there is.`;
  }
  if (error instanceof PlayError && error.code === "dispatch_failed") {
    return `${command} failed with the error "dispatch_failed": the app did not acknowledge within 3 seconds.`;
  }
  const { text, detail } = explain(error);
  return detail ? `${text} (${detail})` : text;
}

export function Composer({ channel, threadTs, placeholder }: Props): ReactElement {
  const { world, me, api, dispatch } = useSlack();
  const key = `${me.id}/${channel}/${threadTs ?? ""}`;
  const [text, setText] = useState(() => drafts.get(key) ?? "");
  const [caret, setCaret] = useState(text.length);
  const [dismissed, setDismissed] = useState(false);
  const [at, setAt] = useState(0);
  const [hint, setHint] = useState<string | null>(null);
  const [picking, setPicking] = useState(false);
  const [listing, setListing] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const smile = useRef<HTMLButtonElement>(null);
  const bolt = useRef<HTMLButtonElement>(null);
  const listId = useId();
  const fragment = useMemo(
    () => (dismissed ? null : suggest(text, caret, world, threadTs !== undefined)),
    [dismissed, text, caret, world, threadTs],
  );
  const typed = asCommand(text);
  const command = typed && !threadTs ? world.commands.find((c) => c.command === typed.command) : undefined;

  useEffect(() => {
    drafts.set(key, text);
  }, [key, text]);
  useEffect(() => field.current?.focus({ preventScroll: true }), [key]);
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, TALLEST_PX)}px`;
  }, [text]);

  const change = (next: string, position: number): void => {
    setText(next);
    setCaret(position);
    setDismissed(false);
    setAt(0);
    setHint(null);
  };

  const insert = (start: number, end: number, piece: string): void => {
    const next = text.slice(0, start) + piece + text.slice(end);
    const position = start + piece.length;
    change(next, position);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(position, position);
    });
  };

  const accept = (suggestion: Suggestion): void => {
    if (fragment) insert(fragment.start, fragment.end, suggestion.insert);
  };

  const send = async (): Promise<void> => {
    const words = text.trim();
    if (!words) return;
    if (typed && threadTs) {
      setHint(`${typed.command} is not supported in threads. Use it in the channel instead.`);
      return;
    }
    change("", 0);
    try {
      if (typed) await api.command(channel, typed.command, typed.rest);
      else await api.say(channel, words, threadTs);
    } catch (error) {
      setHint(typed ? refusal(error, typed.command) : explain(error).text);
      setText((now) => now || text);
    }
  };

  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) return;
    const choices = fragment?.suggestions ?? [];
    const choice = choices[at];
    if (choices.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : -1) + choices.length) % choices.length);
    } else if (choice && event.key === "Escape") {
      event.preventDefault();
      setDismissed(true);
    } else if (choice && (event.key === "Tab" || (event.key === "Enter" && choice.insert.trim() !== text.trim() && !event.shiftKey))) {
      event.preventDefault();
      accept(choice);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  };

  const closePicker = useCallback(() => setPicking(false), []);
  const closeList = useCallback(() => setListing(false), []);
  const shortcuts: MenuItem[] = world.shortcuts
    .filter((s) => s.type !== "message" && s.type !== "message_action")
    .map((s) => ({ id: s.callback_id, label: s.name, hint: world.app.name, run: () => void attempt({ dispatch }, () => api.shortcut(s.callback_id, channel)) }));

  return (
    <div className="composer" data-testid={threadTs ? "thread-composer" : "composer"}>
      {fragment ? (
        <div className="suggestions" role="listbox" id={listId} aria-label="Suggestions" data-testid="suggestions">
          {fragment.suggestions.map((suggestion, index) => (
            <div
              key={suggestion.insert}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === at}
              className={`suggestion ${index === at ? "active" : ""}`}
              onMouseEnter={() => setAt(index)}
              onMouseDown={(event) => {
                event.preventDefault();
                accept(suggestion);
              }}
            >
              <strong>{suggestion.label}</strong>
              <span>{suggestion.hint}</span>
            </div>
          ))}
        </div>
      ) : null}
      {hint ? (
        <p className="composer-hint" role="alert" data-testid="composer-hint">
          <Icon name="warning" size={15} /> {hint}
        </p>
      ) : null}
      <div className="composer-box">
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={placeholder}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={fragment !== null}
          aria-controls={listId}
          aria-activedescendant={fragment ? `${listId}-${at}` : undefined}
          data-testid={threadTs ? "thread-composer-input" : "composer-input"}
          onChange={(event) => change(event.target.value, event.target.selectionStart)}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKey}
        />
        <div className="composer-bar">
          <button ref={smile} type="button" className="icon-button" aria-label="Emoji" onClick={() => setPicking(!picking)}>
            <Icon name="smile" />
          </button>
          {shortcuts.length > 0 ? (
            <button
              ref={bolt}
              type="button"
              className="icon-button"
              aria-label="Shortcuts"
              aria-haspopup="menu"
              data-testid="shortcuts"
              onClick={() => setListing(!listing)}
            >
              <Icon name="bolt" />
            </button>
          ) : null}
          <span className="composer-tip">
            {command ? `${command.command} ${command.usage_hint} · ${command.description}` : threadTs ? "" : "Enter sends, Shift+Enter starts a new line, / lists commands"}
          </span>
          <button
            type="button"
            className="send"
            aria-label="Send"
            disabled={text.trim() === ""}
            data-testid={threadTs ? "thread-send" : "send"}
            onClick={() => void send()}
          >
            <Icon name="send" size={17} />
          </button>
        </div>
      </div>
      {picking ? <EmojiPicker anchor={smile} close={closePicker} pick={(name) => insert(caret, caret, emoji(name))} /> : null}
      {listing ? <Menu anchor={bolt} close={closeList} items={shortcuts} label="Shortcuts" /> : null}
    </div>
  );
}
