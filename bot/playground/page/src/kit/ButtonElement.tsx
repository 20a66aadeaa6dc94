import { useState, type ReactElement } from "react";
import { Icon } from "../components/Icons";
import { withEmoji } from "../format";
import type { ElementProps } from "./ElementView";
import { plain } from "./objects";
import { useElement } from "./useElement";

export function ButtonElement({ blockId, element }: ElementProps): ReactElement {
  const { send, busy } = useElement(blockId, element);
  const style = element.style === "primary" || element.style === "danger" ? `button-${element.style}` : "";
  const label = withEmoji(plain(element.text));
  const press = (): void => {
    if (!busy) void send(undefined);
  };
  if (element.url) {
    return (
      <a
        className={`button ${style}`}
        href={element.url}
        target="_blank"
        rel="noopener noreferrer"
        aria-label={element.accessibility_label}
        data-action-id={element.action_id}
        onClick={press}
      >
        {label}
      </a>
    );
  }
  return (
    <button
      type="button"
      className={`button ${style}`}
      aria-busy={busy}
      aria-label={element.accessibility_label}
      data-action-id={element.action_id}
      onClick={press}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : null}
      <span className="button-label">{label}</span>
    </button>
  );
}

export function FeedbackButtons({ blockId, element }: ElementProps): ReactElement {
  const { send, busy } = useElement(blockId, { ...element, type: "overflow" });
  const [given, setGiven] = useState<string | null>(null);
  const sides = [
    { button: element.positive_button, icon: "thumbUp" },
    { button: element.negative_button, icon: "thumbDown" },
  ] as const;
  return (
    <span className="feedback">
      {sides.map(({ button, icon }) =>
        button ? (
          <button
            key={icon}
            type="button"
            className="icon-button"
            title={plain(button.text)}
            aria-label={button.accessibility_label ?? plain(button.text)}
            aria-pressed={given === button.value}
            disabled={busy}
            onClick={() => {
              setGiven(button.value);
              void send(button.value);
            }}
          >
            <Icon name={icon} size={16} />
          </button>
        ) : null,
      )}
    </span>
  );
}

export function IconButton({ blockId, element }: ElementProps): ReactElement {
  const { send, busy } = useElement(blockId, element);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={element.accessibility_label ?? plain(element.text)}
      title={plain(element.text)}
      aria-busy={busy}
      onClick={() => void send(undefined)}
    >
      <Icon name="close" size={16} />
    </button>
  );
}
