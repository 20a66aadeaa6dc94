import { useCallback, useEffect, useState } from "react";
import type { PlainValue } from "../types";
import { initialValue, type KitElement } from "./objects";
import { useSurface } from "./surface";

interface ElementState {
  value: PlainValue;
  /** Remember a value without telling the app: an input that waits for submit. */
  set: (value: PlainValue) => void;
  /** Remember a value and tell the app; goes back to the old value when refused. */
  send: (value: PlainValue | undefined) => Promise<void>;
  busy: boolean;
}

/** The value and the life of one interactive element, in a message or in a view. */
export function useElement(blockId: string, element: KitElement): ElementState {
  const surface = useSurface();
  const [own, setOwn] = useState<PlainValue>(() => initialValue(element));
  const [busy, setBusy] = useState(false);
  const actionId = element.action_id ?? "";
  const start = JSON.stringify(initialValue(element));
  // A message that is edited by the app may bring a new start value; it wins over what was chosen before.
  useEffect(() => setOwn(JSON.parse(start) as PlainValue), [start]);
  const held = surface.heldValue?.(blockId, actionId);
  const value = held === undefined ? own : held;

  const set = useCallback(
    (next: PlainValue) => {
      setOwn(next);
      surface.setValue?.(blockId, actionId, next);
    },
    [surface, blockId, actionId],
  );

  const send = useCallback(
    async (next: PlainValue | undefined) => {
      const before = value;
      const remembers = next !== undefined && element.type !== "overflow";
      if (remembers) set(next);
      setBusy(true);
      const done = await surface.act(blockId, actionId, next, element.confirm);
      setBusy(false);
      if (!done && remembers) set(before);
    },
    [surface, blockId, actionId, element.confirm, element.type, set, value],
  );
  return { value, set, send, busy };
}
