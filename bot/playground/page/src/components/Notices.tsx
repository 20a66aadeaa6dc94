import { useEffect, useState, type ReactElement } from "react";
import { useSlack } from "../store/context";
import { Icon } from "./Icons";

const PATIENCE_MS = 1200;

/** True once the stream has been away for long enough to say so. */
function useAway(online: boolean): boolean {
  const [away, setAway] = useState(false);
  useEffect(() => {
    if (online) {
      setAway(false);
      return;
    }
    const timer = window.setTimeout(() => setAway(true), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, [online]);
  return away;
}

export function Notices(): ReactElement {
  const { world } = useSlack();
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const away = useAway(world.online);
  const shown = world.notices.filter((notice) => !hidden.includes(notice.text));
  return (
    <div className="notices">
      {away ? (
        <div className="notice notice-warning" role="status" data-testid="reconnecting">
          <Icon name="warning" size={16} />
          <span>Connection to the playground lost. Reconnecting; what you miss is fetched then.</span>
        </div>
      ) : null}
      {shown.map((notice) => (
        <div key={notice.text} className={`notice notice-${notice.level}`} role="status" data-testid="notice">
          <span>{notice.text}</span>
          <button
            type="button"
            className="icon-button"
            aria-label="Hide this notice"
            onClick={() => setHidden([...hidden, notice.text])}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
