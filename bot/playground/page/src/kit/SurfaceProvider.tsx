import { useCallback, useMemo, useRef, useState, type ReactElement, type ReactNode } from "react";
import { attempt, useSlack } from "../store/context";
import type { Container, PlainValue, Values } from "../types";
import { ConfirmDialog } from "./ConfirmDialog";
import type { Confirm } from "./objects";
import { SurfaceContext, type Surface } from "./surface";

interface Props extends Pick<Surface, "heldValue" | "setValue" | "errors"> {
  container: Container;
  /** In views: what the form holds, sent along with a click. */
  form?: Values;
  children: ReactNode;
}

interface Question {
  confirm: Confirm;
  answer: (yes: boolean) => void;
}

export function SurfaceProvider({ container, heldValue, setValue, errors, form, children }: Props): ReactElement {
  const { api, dispatch } = useSlack();
  const [question, ask] = useState<Question | null>(null);
  const latestForm = useRef(form);
  latestForm.current = form;
  const identity = JSON.stringify(container);

  const act = useCallback(
    async (blockId: string, actionId: string, value: PlainValue | undefined, confirm?: Confirm): Promise<boolean> => {
      if (confirm) {
        const yes = await new Promise<boolean>((answer) => ask({ confirm, answer }));
        ask(null);
        if (!yes) return false;
      }
      const where = JSON.parse(identity) as Container;
      return attempt({ dispatch }, () => api.click(where, blockId, actionId, value, latestForm.current));
    },
    [api, dispatch, identity],
  );

  const surface = useMemo<Surface>(
    () => ({ container: JSON.parse(identity) as Container, act, heldValue, setValue, errors }),
    [identity, act, heldValue, setValue, errors],
  );
  return (
    <SurfaceContext.Provider value={surface}>
      {children}
      {question ? <ConfirmDialog confirm={question.confirm} answer={question.answer} /> : null}
    </SurfaceContext.Provider>
  );
}
