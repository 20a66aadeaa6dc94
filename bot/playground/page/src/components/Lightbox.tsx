import { useEffect, useRef, type ReactElement } from "react";
import { createPortal } from "react-dom";
import type { Picture } from "../store/context";
import { Icon } from "./Icons";

export function Lightbox({ picture, close }: { picture: Picture; close: () => void }): ReactElement {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    button.current?.focus();
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") close();
      if (event.key === "Tab") event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
      before?.focus();
    };
  }, [close]);
  return createPortal(
    <div className="lightbox" role="dialog" aria-modal="true" aria-label={picture.title} data-testid="lightbox" onClick={close}>
      <div className="lightbox-bar">
        <span>{picture.title}</span>
        <button ref={button} type="button" className="icon-button" aria-label="Close picture" onClick={close}>
          <Icon name="close" size={22} />
        </button>
      </div>
      <img src={picture.url} alt={picture.title} onClick={(event) => event.stopPropagation()} />
    </div>,
    document.body,
  );
}
