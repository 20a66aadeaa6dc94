import { useEffect, useLayoutEffect, useRef, useState, type ReactElement, type ReactNode, type RefObject } from "react";
import { createPortal } from "react-dom";

interface Props {
  anchor: RefObject<HTMLElement | null>;
  close: () => void;
  children: ReactNode;
  className?: string;
  /** As wide as the anchor, for select menus. */
  fit?: boolean;
  align?: "start" | "end";
}

const GAP = 6;
const EDGE = 8;

/** A floating layer beside its anchor, kept inside the window; closes on Escape, a click outside, or scrolling away. */
export function Popover({ anchor, close, children, className = "", fit = false, align = "start" }: Props): ReactElement {
  const layer = useRef<HTMLDivElement>(null);
  const [spot, setSpot] = useState({ left: -9999, top: -9999, width: undefined as number | undefined });

  useLayoutEffect(() => {
    const place = (): void => {
      const at = anchor.current?.getBoundingClientRect();
      const box = layer.current?.getBoundingClientRect();
      if (!at || !box) return;
      const wide = fit ? Math.max(at.width, 220) : box.width;
      const left = align === "end" ? at.right - wide : at.left;
      const below = at.bottom + GAP;
      const fitsBelow = below + box.height < window.innerHeight - EDGE;
      const above = Math.max(EDGE, at.top - GAP - box.height);
      setSpot({
        left: Math.max(EDGE, Math.min(left, window.innerWidth - wide - EDGE)),
        top: fitsBelow ? below : above,
        width: fit ? wide : undefined,
      });
    };
    place();
    const observer = new ResizeObserver(place);
    if (layer.current) observer.observe(layer.current);
    return () => observer.disconnect();
  }, [anchor, fit, align]);

  useEffect(() => {
    const outside = (event: MouseEvent): void => {
      const target = event.target as Node;
      if (!layer.current?.contains(target) && !anchor.current?.contains(target)) close();
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      close();
      anchor.current?.focus();
    };
    document.addEventListener("mousedown", outside);
    // In the capture phase, so that Escape closes the menu and not the modal around it.
    document.addEventListener("keydown", escape, true);
    window.addEventListener("resize", close);
    return () => {
      document.removeEventListener("mousedown", outside);
      document.removeEventListener("keydown", escape, true);
      window.removeEventListener("resize", close);
    };
  }, [anchor, close]);

  return createPortal(
    <div ref={layer} className={`popover ${fit ? "popover-fit" : ""} ${className}`} style={spot} data-popover="">
      {children}
    </div>,
    document.body,
  );
}
