import { useEffect, type ReactElement } from "react";
import { useSlack } from "../store/context";
import type { Toast } from "../store/reducer";
import { Icon } from "./Icons";

const SHOWN_MS = 12_000;

function OneToast({ toast, dismiss }: { toast: Toast; dismiss: () => void }): ReactElement {
  useEffect(() => {
    const timer = window.setTimeout(dismiss, SHOWN_MS);
    return () => window.clearTimeout(timer);
    // The clock starts once, when the toast appears.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [toast.id]);
  return (
    <div className={`toast toast-${toast.level}`} data-testid="toast">
      <Icon name="warning" />
      <div>
        <strong>{toast.text}</strong>
        {toast.detail ? <p>{toast.detail}</p> : null}
      </div>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismiss}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}

/** Things gone wrong between Slack and the app, in plain words. */
export function Toasts(): ReactElement {
  const { world, dispatch } = useSlack();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {world.toasts.map((toast) => (
        <OneToast key={toast.id} toast={toast} dismiss={() => dispatch({ type: "dismiss", id: toast.id })} />
      ))}
    </div>
  );
}
