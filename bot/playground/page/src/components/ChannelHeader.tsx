import type { ReactElement, ReactNode } from "react";
import { Icon } from "./Icons";

export interface HeaderControls {
  openSidebar: () => void;
  /** Set when the demo panel is closed: its title, for the button that opens it. */
  panelTitle: string | null;
  openPanel: () => void;
}

interface Props {
  controls: HeaderControls;
  title: ReactNode;
  topic: string;
  extra?: ReactNode;
}

export function ChannelHeader({ controls, title, topic, extra }: Props): ReactElement {
  return (
    <header className="channel-head">
      <button type="button" className="icon-button only-narrow" aria-label="Open the sidebar" onClick={controls.openSidebar}>
        <Icon name="menu" size={20} />
      </button>
      <h1 data-testid="channel-title">{title}</h1>
      <p className="topic" title={topic}>
        {topic}
      </p>
      <div className="head-right">
        {extra}
        {controls.panelTitle ? (
          <button type="button" className="button button-demo" data-testid="panel-open" onClick={controls.openPanel}>
            <Icon name="bolt" size={16} /> <span>{controls.panelTitle}</span>
          </button>
        ) : null}
      </div>
    </header>
  );
}
