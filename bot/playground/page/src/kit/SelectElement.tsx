import { useCallback, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactElement } from "react";
import { Icon } from "../components/Icons";
import { Popover } from "../components/Popover";
import { withEmoji } from "../format";
import { useSlack } from "../store/context";
import type { World } from "../store/reducer";
import type { ElementProps } from "./ElementView";
import { isMulti, plain, type KitElement } from "./objects";
import { useElement } from "./useElement";

interface Choice {
  value: string;
  label: string;
  hint: string;
  group: string;
}

function choicesOf(element: KitElement, world: World): Choice[] {
  if (element.type.includes("users_")) {
    return world.users
      .filter((u) => !u.is_bot)
      .map((u) => ({ value: u.id, label: u.real_name || u.name, hint: u.title, group: "" }));
  }
  if (element.type.includes("channels_") || element.type.includes("conversations_")) {
    return world.channels
      .filter((c) => !c.is_im)
      .map((c) => ({ value: c.id, label: `#${c.name}`, hint: "", group: "" }));
  }
  const groups = element.option_groups ?? [{ label: undefined, options: element.options ?? [] }];
  return groups.flatMap((group) =>
    group.options.map((option) => ({
      value: option.value,
      label: withEmoji(plain(option.text)),
      hint: withEmoji(plain(option.description)),
      group: withEmoji(plain(group.label)),
    })),
  );
}

interface ListProps {
  id: string;
  choices: readonly Choice[];
  chosen: readonly string[];
  multi: boolean;
  choose: (value: string) => void;
  label: string;
}

function OptionList({ id, choices, chosen, multi, choose, label }: ListProps): ReactElement {
  const [filter, setFilter] = useState("");
  const [at, setAt] = useState(() => Math.max(0, choices.findIndex((c) => chosen.includes(c.value))));
  const field = useRef<HTMLInputElement>(null);
  const needle = filter.trim().toLowerCase();
  const shown = choices.filter((c) => `${c.label} ${c.hint}`.toLowerCase().includes(needle));

  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at, id]);

  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((at + step + shown.length) % Math.max(1, shown.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = shown[at];
      if (choice) choose(choice.value);
    }
  };
  return (
    <div className="select-pop">
      <input
        ref={field}
        className="field select-filter"
        placeholder="Filter"
        value={filter}
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={`${id}-${at}`}
        aria-label={`Filter ${label}`}
        onChange={(event) => {
          setFilter(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div className="select-list" role="listbox" id={id} aria-multiselectable={multi} aria-label={label}>
        {shown.length === 0 ? <p className="menu-empty">No matching option.</p> : null}
        {shown.map((choice, index) => {
          const on = chosen.includes(choice.value);
          const opensGroup = choice.group !== "" && choice.group !== shown[index - 1]?.group;
          return (
            <div key={choice.value}>
              {opensGroup ? <div className="select-group">{choice.group}</div> : null}
              <div
                id={`${id}-${index}`}
                role="option"
                aria-selected={on}
                className={`select-option ${index === at ? "active" : ""}`}
                onMouseEnter={() => setAt(index)}
                onClick={() => choose(choice.value)}
              >
                <span>
                  {choice.label}
                  {choice.hint ? <small>{choice.hint}</small> : null}
                </span>
                {on ? <Icon name="check" size={16} /> : null}
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Static, users, channels and conversations selects, single and multi. */
export function SelectElement(props: ElementProps): ReactElement {
  const { blockId, element, quiet, labelledBy, describedBy, invalid } = props;
  const { world } = useSlack();
  const { value, set, send, busy } = useElement(blockId, element);
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<string[] | null>(null);
  const anchor = useRef<HTMLButtonElement>(null);
  const listId = useId();
  const multi = isMulti(element);
  const choices = useMemo(() => choicesOf(element, world), [element, world]);
  const held = draft ?? (Array.isArray(value) ? value : value === null ? [] : [String(value)]);
  const nameOf = (v: string): string => choices.find((c) => c.value === v)?.label ?? v;
  const placeholder = plain(element.placeholder) || (multi ? "Choose options" : "Choose an option");

  const commit = useCallback(
    (next: string | string[]): void => {
      if (quiet) set(next);
      else void send(next);
    },
    [quiet, set, send],
  );
  // As in Slack, a multi select tells the app once, when its list closes.
  const close = useCallback((): void => {
    setOpen(false);
    if (draft) {
      commit(draft);
      setDraft(null);
    }
  }, [commit, draft]);
  const choose = (picked: string): void => {
    if (!multi) {
      setOpen(false);
      anchor.current?.focus();
      commit(picked);
      return;
    }
    const next = held.includes(picked) ? held.filter((v) => v !== picked) : [...held, picked];
    if (next.length <= (element.max_selected_items ?? Infinity)) setDraft(next);
  };

  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={`select ${held.length === 0 ? "select-empty" : ""}`}
        role="combobox"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-labelledby={labelledBy}
        aria-label={labelledBy ? undefined : placeholder}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        aria-busy={busy}
        data-action-id={element.action_id}
        onClick={() => (open ? close() : setOpen(true))}
      >
        <span className="select-value">
          {held.length === 0
            ? placeholder
            : multi
              ? held.map((v) => (
                  <span key={v} className="chip">
                    {nameOf(v)}
                  </span>
                ))
              : nameOf(held[0] ?? "")}
        </span>
        {busy ? <span className="spinner" /> : <Icon name="down" size={16} />}
      </button>
      {open ? (
        <Popover anchor={anchor} close={close} fit>
          <OptionList id={listId} choices={choices} chosen={held} multi={multi} choose={choose} label={placeholder} />
        </Popover>
      ) : null}
    </>
  );
}
