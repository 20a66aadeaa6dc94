import { useEffect, useRef, type KeyboardEvent, type ReactElement, type RefObject } from "react";
import { Popover } from "./Popover";

export interface MenuItem {
  id: string;
  label: string;
  hint?: string;
  danger?: boolean;
  run: () => void;
}

interface Props {
  anchor: RefObject<HTMLElement | null>;
  close: () => void;
  items: readonly MenuItem[];
  align?: "start" | "end";
  label?: string;
}

/** A menu of actions: arrows move, Enter runs. */
export function Menu({ anchor, close, items, align = "start", label }: Props): ReactElement {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, []);
  const move = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0 || !list.current) return;
    event.preventDefault();
    const all = [...list.current.querySelectorAll<HTMLElement>("[role=menuitem]")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <Popover anchor={anchor} close={close} align={align} className="menu">
      <div ref={list} role="menu" aria-label={label} onKeyDown={move}>
        {items.length === 0 ? <p className="menu-empty">Nothing here.</p> : null}
        {items.map((item) => (
          <button
            key={item.id}
            type="button"
            role="menuitem"
            className={`menu-item ${item.danger ? "danger" : ""}`}
            onClick={() => {
              close();
              item.run();
            }}
          >
            <span>{item.label}</span>
            {item.hint ? <small>{item.hint}</small> : null}
          </button>
        ))}
      </div>
    </Popover>
  );
}
