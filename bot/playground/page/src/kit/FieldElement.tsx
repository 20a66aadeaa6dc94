import { useEffect, useRef, type ChangeEvent, type KeyboardEvent, type ReactElement } from "react";
import type { PlainValue } from "../types";
import type { ElementProps } from "./ElementView";
import { plain, type KitElement } from "./objects";
import { useElement } from "./useElement";

const TYPES: Record<string, string> = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
};
const TYPING_PAUSE_MS = 350;

const isPicker = (element: KitElement): boolean => element.type.endsWith("picker");

/** datetimepicker counts in Unix seconds; the browser's field in local wall-clock text. */
function shown(element: KitElement, value: PlainValue): string {
  if (value === null || Array.isArray(value)) return "";
  if (element.type !== "datetimepicker") return String(value);
  const date = new Date(Number(value) * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function taken(element: KitElement, text: string): PlainValue {
  if (text === "") return null;
  return element.type === "datetimepicker" ? Math.floor(new Date(text).getTime() / 1000) : text;
}

/** Text, number, email, URL, date and time. */
export function FieldElement(props: ElementProps): ReactElement {
  const { blockId, element, quiet, labelledBy, describedBy, invalid } = props;
  const { value, set, send, busy } = useElement(blockId, element);
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const onCharacter = element.dispatch_action_config?.trigger_actions_on?.includes("on_character_entered") ?? false;

  const change = (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>): void => {
    const next = taken(element, event.target.value);
    set(next);
    if (quiet) return;
    window.clearTimeout(timer.current);
    if (isPicker(element)) void send(next);
    else if (onCharacter) timer.current = window.setTimeout(() => void send(next), TYPING_PAUSE_MS);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || quiet || isPicker(element) || (element.multiline && event.shiftKey)) return;
    event.preventDefault();
    void send(value);
  };

  const common = {
    className: "field",
    value: shown(element, value),
    placeholder: plain(element.placeholder) || undefined,
    maxLength: element.max_length,
    onChange: change,
    onKeyDown: onKey,
    "aria-labelledby": labelledBy,
    "aria-label": labelledBy ? undefined : plain(element.placeholder) || element.type.replaceAll("_", " "),
    "aria-describedby": describedBy,
    "aria-invalid": invalid,
    "aria-busy": busy,
    "data-action-id": element.action_id,
  };
  if (element.multiline || element.type === "rich_text_input") return <textarea rows={4} {...common} />;
  return (
    <input
      type={TYPES[element.type] ?? "text"}
      step={element.type === "number_input" && element.is_decimal_allowed ? "any" : undefined}
      {...common}
    />
  );
}
