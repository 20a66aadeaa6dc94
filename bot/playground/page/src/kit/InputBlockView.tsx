import { useId, type ReactElement } from "react";
import { Icon } from "../components/Icons";
import { withEmoji } from "../format";
import { ElementView } from "./ElementView";
import { plain, type InputBlock } from "./objects";
import { useSurface } from "./surface";

/** A labelled input with its hint and, after a refused submit, the error of this very block. */
export function InputBlockView({ block }: { block: InputBlock }): ReactElement {
  const { errors } = useSurface();
  const id = useId();
  const error = errors?.[block.block_id ?? ""];
  return (
    <div className={`input-block ${error ? "invalid" : ""}`} data-testid="input-block">
      <div className="input-label" id={`${id}-label`}>
        {withEmoji(plain(block.label))}
        {block.optional ? <span className="muted"> (optional)</span> : null}
      </div>
      <ElementView
        blockId={block.block_id ?? ""}
        element={block.element}
        quiet={!block.dispatch_action}
        labelledBy={`${id}-label`}
        describedBy={error ? `${id}-error` : block.hint ? `${id}-hint` : undefined}
        invalid={error ? true : undefined}
      />
      {error ? (
        <p className="input-error" id={`${id}-error`} role="alert" data-testid="input-error">
          <Icon name="warning" size={15} /> {error}
        </p>
      ) : null}
      {block.hint ? (
        <p className="input-hint" id={`${id}-hint`}>
          {withEmoji(plain(block.hint))}
        </p>
      ) : null}
    </div>
  );
}
