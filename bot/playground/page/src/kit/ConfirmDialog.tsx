import type { ReactElement } from "react";
import { Dialog } from "../components/Dialog";
import { withEmoji } from "../format";
import { LibraryBlocks } from "./LibraryBlocks";
import { plain, type Confirm } from "./objects";

interface Props {
  confirm: Confirm;
  answer: (yes: boolean) => void;
}

export function ConfirmDialog({ confirm, answer }: Props): ReactElement {
  const style = confirm.style === "danger" ? "danger" : "primary";
  return (
    <Dialog
      small
      testid="confirm-dialog"
      title={withEmoji(plain(confirm.title))}
      onClose={() => answer(false)}
      footer={
        <>
          <button type="button" className="button" data-testid="confirm-deny" onClick={() => answer(false)}>
            {withEmoji(plain(confirm.deny))}
          </button>
          <button
            type="button"
            className={`button button-${style}`}
            data-testid="confirm-ok"
            data-autofocus=""
            onClick={() => answer(true)}
          >
            {withEmoji(plain(confirm.confirm))}
          </button>
        </>
      }
    >
      <LibraryBlocks blocks={[{ type: "section", text: confirm.text }]} />
    </Dialog>
  );
}
