import { useId, type ReactElement } from "react";
import type { ElementProps } from "./ElementView";
import { LibraryBlocks } from "./LibraryBlocks";
import type { TextObject } from "./objects";
import { useElement } from "./useElement";
import { withEmoji } from "../format";

function OptionText({ text }: { text: TextObject }): ReactElement {
  if (text.type === "plain_text") return <>{withEmoji(text.text)}</>;
  return <LibraryBlocks blocks={[{ type: "section", text }]} />;
}

/** Checkboxes and radio buttons. */
export function ChoiceElement({ blockId, element, quiet, labelledBy, describedBy, invalid }: ElementProps): ReactElement {
  const { value, set, send, busy } = useElement(blockId, element);
  const many = element.type === "checkboxes";
  const group = useId();
  const chosen = Array.isArray(value) ? value : [];
  const choose = (option: string, on: boolean): void => {
    const order = (element.options ?? []).map((o) => o.value);
    const next = many
      ? order.filter((o) => (o === option ? on : chosen.includes(o)))
      : option;
    if (quiet) set(next);
    else void send(next);
  };
  return (
    <div
      className="choices"
      role={many ? "group" : "radiogroup"}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      aria-busy={busy}
      data-action-id={element.action_id}
    >
      {(element.options ?? []).map((option) => (
        <label key={option.value} className="choice">
          <input
            type={many ? "checkbox" : "radio"}
            name={group}
            checked={many ? chosen.includes(option.value) : value === option.value}
            onChange={(event) => choose(option.value, event.target.checked)}
          />
          <span>
            <OptionText text={option.text} />
            {option.description ? (
              <small>
                <OptionText text={option.description} />
              </small>
            ) : null}
          </span>
        </label>
      ))}
    </div>
  );
}
