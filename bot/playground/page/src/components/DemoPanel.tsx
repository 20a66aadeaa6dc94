import { useEffect, useState, type ReactElement } from "react";
import { explain, useSlack } from "../store/context";
import type { Panel, PanelAction } from "../types";
import { Icon } from "./Icons";

const ANSWER_SHOWN_MS = 20_000;

function ActionCard({ action, said, press }: { action: PanelAction; said: string | undefined; press: () => void }): ReactElement {
  return (
    <li className="panel-action">
      <button
        type="button"
        className={`button panel-button ${action.style === "danger" ? "button-danger" : action.style === "primary" ? "button-primary" : ""}`}
        aria-busy={action.busy ?? false}
        disabled={action.busy ?? false}
        aria-describedby={`panel-${action.id}`}
        data-testid={`panel-action-${action.id}`}
        onClick={press}
      >
        {action.busy ? <span className="spinner" aria-hidden="true" /> : null}
        <span className="button-label">{action.title}</span>
      </button>
      <p id={`panel-${action.id}`}>{action.description}</p>
      {said ? (
        <p className="panel-said" role="status">
          {said}
        </p>
      ) : null}
    </li>
  );
}

/** The demo's drawer: things to break, and what the demo world looks like now. */
export function DemoPanel({ panel, close }: { panel: Panel; close: () => void }): ReactElement {
  const { api } = useSlack();
  const [pressed, setPressed] = useState<string | null>(null);
  const [said, setSaid] = useState<{ id: string; text: string } | null>(null);

  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => setSaid(null), ANSWER_SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [said]);

  const press = async (id: string): Promise<void> => {
    setPressed(id);
    try {
      const { text } = await api.panel(id);
      setSaid({ id, text });
    } catch (error) {
      setSaid({ id, text: explain(error).text });
    } finally {
      setPressed(null);
    }
  };
  return (
    <aside className="panel" aria-label={panel.title} data-testid="panel">
      <header className="channel-head">
        <h2>
          <Icon name="bolt" size={17} /> {panel.title}
        </h2>
        <div className="head-right">
          <button type="button" className="icon-button" aria-label="Hide the demo panel" data-testid="panel-close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
      </header>
      <div className="panel-body">
        {panel.text ? <p className="panel-text">{panel.text}</p> : null}
        {panel.facts.length > 0 ? (
          <dl className="facts">
            {panel.facts.map((fact) => (
              <div key={fact.label} className={`fact fact-${fact.level ?? "none"}`}>
                <dt>{fact.label}</dt>
                <dd>{fact.value}</dd>
              </div>
            ))}
          </dl>
        ) : null}
        <ul className="panel-actions">
          {panel.actions.map((action) => (
            <ActionCard
              key={action.id}
              action={{ ...action, busy: (action.busy ?? false) || pressed === action.id }}
              said={said?.id === action.id ? said.text : undefined}
              press={() => void press(action.id)}
            />
          ))}
        </ul>
        {panel.links.length > 0 ? (
          <nav className="panel-links" aria-label="Links of the demo">
            {panel.links.map((link) => (
              <a key={link.url} href={link.url} target="_blank" rel="noopener noreferrer">
                {link.label} <Icon name="external" size={14} />
              </a>
            ))}
          </nav>
        ) : null}
      </div>
    </aside>
  );
}
