import { useCallback, useRef, useState, type ReactElement } from "react";
import { Icon } from "../components/Icons";
import { Menu, type MenuItem } from "../components/Menu";
import { withEmoji } from "../format";
import type { ElementProps } from "./ElementView";
import { plain } from "./objects";
import { useElement } from "./useElement";

export function OverflowElement({ blockId, element }: ElementProps): ReactElement {
  const { send, busy } = useElement(blockId, element);
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const items: MenuItem[] = (element.options ?? []).map((option) => ({
    id: option.value,
    label: withEmoji(plain(option.text)),
    hint: withEmoji(plain(option.description)),
    run: () => {
      if (option.url) window.open(option.url, "_blank", "noopener,noreferrer");
      void send(option.value);
    },
  }));
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className="button button-square"
        aria-label={element.accessibility_label ?? "More actions"}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-busy={busy}
        data-action-id={element.action_id}
        onClick={() => setOpen(!open)}
      >
        {busy ? <span className="spinner" /> : <Icon name="more" size={16} />}
      </button>
      {open ? <Menu anchor={anchor} close={close} items={items} align="end" /> : null}
    </>
  );
}
