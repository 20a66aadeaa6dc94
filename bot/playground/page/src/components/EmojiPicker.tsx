import { useState, type ReactElement, type RefObject } from "react";
import { search } from "node-emoji";
import { emoji } from "../format";
import { Popover } from "./Popover";

const COMMON = [
  "white_check_mark", "eyes", "pushpin", "memo", "+1", "-1", "raised_hands", "pray", "tada", "heart", "rocket", "fire",
  "rotating_light", "warning", "x", "question", "hourglass_flowing_sand", "thinking_face", "bulb", "bug", "wrench", "chart_with_upwards_trend",
  "chart_with_downwards_trend", "coffee", "sleeping",
];

interface Props {
  anchor: RefObject<HTMLElement | null>;
  close: () => void;
  pick: (name: string) => void;
}

export function EmojiPicker({ anchor, close, pick }: Props): ReactElement {
  const [text, setText] = useState("");
  const needle = text.trim().replaceAll(":", "").replaceAll(" ", "_").toLowerCase();
  const names = needle ? search(needle).slice(0, 40).map((found) => found.name) : COMMON;
  return (
    <Popover anchor={anchor} close={close} align="end" className="emoji-picker">
      <input
        className="field"
        placeholder="Search emoji"
        aria-label="Search emoji"
        value={text}
        autoFocus
        onChange={(event) => setText(event.target.value)}
      />
      <div className="emoji-grid" role="group" aria-label="Emoji">
        {names.map((name) => (
          <button
            key={name}
            type="button"
            title={`:${name}:`}
            aria-label={name.replaceAll("_", " ")}
            onClick={() => {
              pick(name);
              close();
            }}
          >
            {emoji(name)}
          </button>
        ))}
        {names.length === 0 ? <p className="menu-empty">No emoji of that name.</p> : null}
      </div>
    </Popover>
  );
}
