import { useCallback, useEffect, useMemo, useRef, useState, type FormEvent, type ReactElement } from "react";
import { Dialog } from "../components/Dialog";
import { withEmoji } from "../format";
import { attempt, explain, useSlack } from "../store/context";
import type { Container, PlainValue, Values, View } from "../types";
import { Blocks } from "./Blocks";
import { plain, problemsOf, startValues, type TextObject } from "./objects";
import { SurfaceProvider } from "./SurfaceProvider";

const words = (text: View["title"]): string => withEmoji(plain(text as TextObject | string | null | undefined));

interface Props {
  view: View;
  drafts: Map<string, Values>;
}

function ModalView({ view, drafts }: Props): ReactElement {
  const { api, dispatch } = useSlack();
  const [values, setValues] = useState<Values>(() => startValues(view.blocks, drafts.get(view.id)));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const formId = `form-${view.id}`;

  useEffect(() => {
    setValues((before) => startValues(view.blocks, before));
    setErrors({});
  }, [view.blocks]);

  useEffect(() => {
    drafts.set(view.id, values);
  }, [drafts, view.id, values]);

  const heldValue = useCallback((block: string, action: string) => values[block]?.[action], [values]);
  const setValue = useCallback((block: string, action: string, value: PlainValue) => {
    setValues((now) => ({ ...now, [block]: { ...now[block], [action]: value } }));
    setErrors(({ [block]: _, ...rest }) => rest);
  }, []);
  const container = useMemo<Container>(() => ({ type: "view", view_id: view.id }), [view.id]);

  const close = (): void => {
    dispatch({ type: "close_view", id: view.id });
    void attempt({ dispatch }, () => api.close(view.id));
  };

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (sending) return;
    const problems = problemsOf(view.blocks, values);
    setErrors(problems);
    setFailure(null);
    if (Object.keys(problems).length > 0) return;
    setSending(true);
    try {
      const answer = await api.submit(view.id, values);
      if (answer.errors) setErrors(answer.errors);
      else if (answer.closed) dispatch({ type: "close_view", id: view.id });
    } catch (error) {
      const { text, detail } = explain(error);
      setFailure(detail ? `${text}. ${detail}` : `${text}.`);
    } finally {
      setSending(false);
    }
  };

  return (
    <Dialog
      testid="modal"
      title={words(view.title)}
      onClose={close}
      footer={
        <>
          <button type="button" className="button" data-testid="modal-close" onClick={close}>
            {words(view.close) || "Cancel"}
          </button>
          {view.submit ? (
            <button
              type="submit"
              form={formId}
              className="button button-primary"
              aria-busy={sending}
              data-testid="modal-submit"
            >
              {sending ? <span className="spinner" aria-hidden="true" /> : null}
              <span className="button-label">{words(view.submit)}</span>
            </button>
          ) : null}
        </>
      }
    >
      <form id={formId} noValidate onSubmit={(event) => void submit(event)}>
        {failure ? (
          <p className="form-failure" role="alert" data-testid="modal-failure">
            {failure}
          </p>
        ) : null}
        <SurfaceProvider container={container} heldValue={heldValue} setValue={setValue} errors={errors} form={values}>
          <Blocks blocks={view.blocks} />
        </SurfaceProvider>
      </form>
    </Dialog>
  );
}

/** The modals of the app: the top of the stack is shown, and the ones below keep what was typed in them. */
export function ViewStack(): ReactElement | null {
  const { world } = useSlack();
  const drafts = useRef(new Map<string, Values>());
  const top = world.views[world.views.length - 1];
  return top ? <ModalView key={top.id} view={top} drafts={drafts.current} /> : null;
}
