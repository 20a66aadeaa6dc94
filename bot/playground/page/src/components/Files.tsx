import type { CSSProperties, ReactElement } from "react";
import { useSlack } from "../store/context";
import type { SlackFile } from "../types";
import { Icon } from "./Icons";

const WIDEST = 520;
const TALLEST = 360;

/** The drawn size, known before the bytes arrive so that the list does not jump. */
function sizeOf(file: SlackFile): CSSProperties {
  if (!file.width || !file.height) return { maxWidth: WIDEST, maxHeight: TALLEST };
  const scale = Math.min(1, WIDEST / file.width, TALLEST / file.height);
  return { width: Math.round(file.width * scale), aspectRatio: `${file.width} / ${file.height}` };
}

function OneFile({ file }: { file: SlackFile }): ReactElement {
  const { enlarge } = useSlack();
  const url = `/play/file/${file.id}`;
  const title = file.title || file.name;
  if (!file.mimetype.startsWith("image/")) {
    return (
      <a className="file-card" href={url} download={file.name} data-testid="file">
        <Icon name="file" size={28} />
        <span>
          <strong>{title}</strong>
          <small>{file.mimetype}</small>
        </span>
      </a>
    );
  }
  return (
    <figure className="file-picture">
      <figcaption>{title}</figcaption>
      <button
        type="button"
        className="picture"
        aria-label={`Enlarge picture: ${title}`}
        data-testid="picture"
        onClick={() => enlarge({ url, title })}
      >
        <img src={url} alt={file.alt_text || title} style={sizeOf(file)} />
      </button>
    </figure>
  );
}

export function Files({ files }: { files: readonly SlackFile[] }): ReactElement {
  return (
    <div className="files">
      {files.map((file) => (
        <OneFile key={file.id} file={file} />
      ))}
    </div>
  );
}
