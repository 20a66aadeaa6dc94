import type { KitBlock, PlainValue, Values } from "../types";

/** The composition objects and interactive elements that the page draws itself. */
export interface TextObject {
  type: "plain_text" | "mrkdwn";
  text: string;
}

export interface Option {
  text: TextObject;
  value: string;
  description?: TextObject;
  url?: string;
}

export interface OptionGroup {
  label: TextObject;
  options: Option[];
}

export interface Confirm {
  title: TextObject;
  text: TextObject;
  confirm: TextObject;
  deny: TextObject;
  style?: "primary" | "danger";
}

export interface KitElement {
  type: string;
  action_id?: string;
  text?: TextObject | string;
  value?: string;
  url?: string;
  style?: string;
  confirm?: Confirm;
  placeholder?: TextObject;
  accessibility_label?: string;
  options?: Option[];
  option_groups?: OptionGroup[];
  initial_option?: Option;
  initial_options?: Option[];
  initial_user?: string;
  initial_users?: string[];
  initial_channel?: string;
  initial_channels?: string[];
  initial_conversation?: string;
  initial_conversations?: string[];
  initial_date?: string;
  initial_time?: string;
  initial_date_time?: number;
  initial_value?: string | object;
  multiline?: boolean;
  min_length?: number;
  max_length?: number;
  min_value?: string;
  max_value?: string;
  is_decimal_allowed?: boolean;
  max_selected_items?: number;
  dispatch_action_config?: { trigger_actions_on?: string[] };
  positive_button?: { text: TextObject; value: string; accessibility_label?: string };
  negative_button?: { text: TextObject; value: string; accessibility_label?: string };
}

export interface InputBlock extends KitBlock {
  type: "input";
  label: TextObject;
  element: KitElement;
  optional?: boolean;
  hint?: TextObject;
  dispatch_action?: boolean;
}

export const plain = (text: TextObject | string | null | undefined): string =>
  typeof text === "string" ? text : (text?.text ?? "");

const MULTI = /^multi_|^checkboxes$/;
export const isMulti = (element: KitElement): boolean => MULTI.test(element.type);
export const isSelect = (element: KitElement): boolean => /_select$/.test(element.type);

/** Elements a person can act on; an image as an accessory is left to the library. */
export const isInteractive = (element: KitElement | undefined): boolean =>
  element !== undefined && element.type !== "image";

/** The plain value an element starts with, in the form that /play/click and /play/submit take. */
export function initialValue(element: KitElement): PlainValue {
  if (isMulti(element)) {
    return (
      element.initial_options?.map((option) => option.value) ??
      element.initial_users ??
      element.initial_channels ??
      element.initial_conversations ??
      []
    );
  }
  const chosen =
    element.initial_option?.value ??
    element.initial_user ??
    element.initial_channel ??
    element.initial_conversation ??
    element.initial_date ??
    element.initial_time ??
    element.initial_date_time ??
    element.initial_value;
  return typeof chosen === "string" || typeof chosen === "number" ? chosen : null;
}

export function allOptions(element: KitElement): Option[] {
  return element.options ?? element.option_groups?.flatMap((group) => group.options) ?? [];
}

interface Held {
  block: KitBlock;
  element: KitElement;
}

/** Every element of a view that holds a value, with the block it sits in. */
export function elementsOf(blocks: readonly KitBlock[]): Held[] {
  return blocks.flatMap((block) => {
    if (block.type === "input") return [{ block, element: (block as InputBlock).element }];
    if (block.type === "actions") return (block["elements"] as KitElement[]).map((element) => ({ block, element }));
    const accessory = block["accessory"] as KitElement | undefined;
    return accessory ? [{ block, element: accessory }] : [];
  });
}

const VALUELESS = new Set(["button", "overflow", "image", "workflow_button"]);

/** Start values of a view; what was typed before in the same block and action is kept, as Slack does on views.update. */
export function startValues(blocks: readonly KitBlock[], before: Values = {}): Values {
  const values: Values = {};
  for (const { block, element } of elementsOf(blocks)) {
    if (VALUELESS.has(element.type) || !element.action_id || !block.block_id) continue;
    const old = before[block.block_id]?.[element.action_id];
    (values[block.block_id] ??= {})[element.action_id] = old !== undefined ? old : initialValue(element);
  }
  return values;
}

const isEmpty = (value: PlainValue | undefined): boolean =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

function problem(block: InputBlock, value: PlainValue | undefined): string | null {
  const { element } = block;
  if (isEmpty(value)) return block.optional ? null : "Please complete this required field.";
  const text = String(value);
  if (element.min_length && text.length < element.min_length) return `Use at least ${element.min_length} characters.`;
  if (element.max_length && text.length > element.max_length) return `Use at most ${element.max_length} characters.`;
  if (element.type === "number_input") {
    const number = Number(text);
    if (Number.isNaN(number)) return "Enter a number.";
    if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Enter a whole number.";
    if (element.min_value !== undefined && number < Number(element.min_value)) return `Enter ${element.min_value} or more.`;
    if (element.max_value !== undefined && number > Number(element.max_value)) return `Enter ${element.max_value} or less.`;
  }
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(text)) return "Enter a valid email address.";
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/.test(text)) return "Enter a valid URL.";
  return null;
}

/** What Slack checks in the browser before it bothers the app: block id -> words. */
export function problemsOf(blocks: readonly KitBlock[], values: Values): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const block of blocks) {
    if (block.type !== "input" || !block.block_id) continue;
    const input = block as InputBlock;
    const words = problem(input, values[block.block_id]?.[input.element.action_id ?? ""]);
    if (words) problems[block.block_id] = words;
  }
  return problems;
}
