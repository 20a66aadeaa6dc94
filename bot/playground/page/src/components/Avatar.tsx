import type { CSSProperties, ReactElement } from "react";
import { initials } from "../format";

interface Props {
  name: string;
  color: string;
  size?: number;
}

export function Avatar({ name, color, size = 36 }: Props): ReactElement {
  const background = /^[0-9a-f]{6}$/i.test(color) ? `#${color}` : color || "#5b6470";
  const style: CSSProperties = { background, width: size, height: size, fontSize: Math.round(size * 0.4) };
  return (
    <span className="avatar" style={style} aria-hidden="true">
      {initials(name) || "?"}
    </span>
  );
}
