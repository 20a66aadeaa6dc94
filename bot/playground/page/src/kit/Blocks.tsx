import { memo, type ReactElement } from "react";
import { withEmoji } from "../format";
import { useSlack } from "../store/context";
import type { KitBlock } from "../types";
import { ElementView } from "./ElementView";
import { InputBlockView } from "./InputBlockView";
import { LibraryBlocks } from "./LibraryBlocks";
import { localPicture } from "./local";
import { isInteractive, plain, type InputBlock, type KitElement, type TextObject } from "./objects";

function ImageBlock({ block }: { block: KitBlock }): ReactElement {
  const { enlarge } = useSlack();
  const title = plain(block["title"] as TextObject | undefined);
  const alt = String(block["alt_text"] ?? title);
  const url = localPicture(block["image_url"], block["slack_file"]);
  if (!url) {
    return (
      <a className="outside-picture" href={String(block["image_url"])} target="_blank" rel="noopener noreferrer">
        {alt || "Picture"} (outside the playground, open in a new tab)
      </a>
    );
  }
  return (
    <figure className="kit-image">
      {title ? <figcaption>{withEmoji(title)}</figcaption> : null}
      <button
        type="button"
        className="picture"
        aria-label={`Enlarge picture: ${alt}`}
        data-testid="picture"
        onClick={() => enlarge({ url, title: title || alt })}
      >
        <img src={url} alt={alt} />
      </button>
    </figure>
  );
}

function Elements({ block, elements }: { block: KitBlock; elements: readonly KitElement[] }): ReactElement {
  return (
    <div className="kit-actions">
      {elements.map((element, index) => (
        <ElementView key={element.action_id ?? index} blockId={block.block_id ?? ""} element={element} />
      ))}
    </div>
  );
}

function OneBlock({ block }: { block: KitBlock }): ReactElement {
  const accessory = block["accessory"] as KitElement | undefined;
  if (block.type === "actions" || block.type === "context_actions") {
    return <Elements block={block} elements={(block["elements"] as KitElement[] | undefined) ?? []} />;
  }
  if (block.type === "input") return <InputBlockView block={block as InputBlock} />;
  if (block.type === "image") return <ImageBlock block={block} />;
  if (block.type === "section" && accessory && isInteractive(accessory)) {
    const { accessory: _, ...rest } = block;
    return (
      <div className="kit-section">
        <LibraryBlocks blocks={[rest]} />
        <div className="kit-accessory">
          <ElementView blockId={block.block_id ?? ""} element={accessory} />
        </div>
      </div>
    );
  }
  if (block.type === "card" && Array.isArray(block["actions"])) {
    const { actions, ...rest } = block;
    return (
      <>
        <LibraryBlocks blocks={[rest as KitBlock]} />
        <Elements block={block} elements={actions as KitElement[]} />
      </>
    );
  }
  return <LibraryBlocks blocks={[block]} />;
}

/** Block Kit, drawn: the library draws what only shows; what can be pressed is drawn here and is live. */
export const Blocks = memo(function Blocks({ blocks }: { blocks: readonly KitBlock[] }): ReactElement {
  return (
    <div className="kit">
      {blocks.map((block, index) => (
        <div key={block.block_id ?? index} className={`kit-block kit-${block.type}`} data-block-id={block.block_id}>
          <OneBlock block={block} />
        </div>
      ))}
    </div>
  );
});
