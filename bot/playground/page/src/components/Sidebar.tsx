import { useCallback, useRef, useState, type ReactElement } from "react";
import { useSlack } from "../store/context";
import type { Theme } from "../theme";
import type { BotApp, Channel, User } from "../types";
import { Avatar } from "./Avatar";
import { Icon } from "./Icons";
import { Menu, type MenuItem } from "./Menu";
import { useOpenDm } from "./useOpenDm";
import { UserSwitcher } from "./UserSwitcher";

interface Props {
  open: boolean;
  close: () => void;
  theme: Theme;
  toggleTheme: () => void;
}

function connection(app: BotApp): string {
  if (app.connected) return app.mode === "http" ? "answering over HTTP" : "connected over Socket Mode";
  if (app.mode === "none") return "not connected: start the bot";
  return app.mode === "http" ? "not answering over HTTP" : "Socket Mode connection lost";
}

export function ConnectionDot({ app }: { app: BotApp }): ReactElement {
  const words = `${app.name} is ${connection(app)}`;
  return (
    <span
      className={`dot ${app.connected ? "dot-on" : "dot-off"}`}
      role="img"
      aria-label={words}
      title={words}
      data-testid="connection"
      data-connected={app.connected}
    />
  );
}

interface RowProps {
  label: string;
  current: boolean;
  unread?: number;
  badge?: boolean;
  icon: ReactElement;
  after?: ReactElement;
  testid: string;
  onClick: () => void;
}

function Row({ label, current, unread = 0, badge = false, icon, after, testid, onClick }: RowProps): ReactElement {
  return (
    <button
      type="button"
      className={`side-row ${current ? "current" : ""} ${unread > 0 ? "unread" : ""}`}
      aria-current={current ? "page" : undefined}
      data-testid={testid}
      onClick={onClick}
    >
      {icon}
      <span className="side-label">{label}</span>
      {after}
      {unread > 0 ? (
        <span className={badge ? "count" : "unread-mark"} aria-label={`${unread} unread`}>
          {badge ? unread : ""}
        </span>
      ) : null}
    </button>
  );
}

function DirectMessages({ current }: { current: string }): ReactElement {
  const { world, me, go } = useSlack();
  const openDm = useOpenDm();
  const add = useRef<HTMLButtonElement>(null);
  const [adding, setAdding] = useState(false);
  const stop = useCallback(() => setAdding(false), []);
  const person = (id: string | null | undefined): User | undefined => world.users.find((u) => u.id === id);
  const open = world.channels.filter((c) => c.is_im && c.user !== world.app.bot_user_id && person(c.user));
  const botDm = world.channels.find((c) => c.is_im && c.user === world.app.bot_user_id);
  const items: MenuItem[] = world.users
    .filter((u) => !u.is_bot && u.id !== me.id)
    .map((u) => ({ id: u.id, label: u.real_name || u.name, hint: u.title, run: () => void openDm(u.id) }));

  return (
    <nav aria-label="Direct messages">
      <div className="side-title">
        <span>Direct messages</span>
        <button
          ref={add}
          type="button"
          className="icon-button"
          aria-label="Write to someone"
          aria-haspopup="menu"
          onClick={() => setAdding(!adding)}
        >
          <Icon name="plus" size={15} />
        </button>
      </div>
      <Row
        label={world.app.name}
        testid="dm-bot"
        current={botDm !== undefined && botDm.id === current}
        unread={botDm?.unread ?? 0}
        badge
        icon={<Avatar name={world.app.name} color={world.app.color} size={20} />}
        after={<ConnectionDot app={world.app} />}
        onClick={() => void openDm(world.app.bot_user_id)}
      />
      {open.map((channel) => {
        const user = person(channel.user);
        const name = user?.real_name || user?.name || channel.name;
        return (
          <Row
            key={channel.id}
            label={name}
            testid={`dm-${user?.name ?? channel.id}`}
            current={channel.id === current}
            unread={channel.unread}
            badge
            icon={<Avatar name={name} color={user?.color ?? ""} size={20} />}
            onClick={() => go({ kind: "channel", id: channel.id })}
          />
        );
      })}
      {adding ? <Menu anchor={add} close={stop} items={items} label="People" /> : null}
    </nav>
  );
}

export function Sidebar({ open, close, theme, toggleTheme }: Props): ReactElement {
  const { world, me, go } = useSlack();
  const current = world.place.kind === "channel" ? world.place.id : "home";
  const joined = (c: Channel): boolean => !c.is_im && (c.members.length === 0 || c.members.includes(me.id));
  return (
    <>
      {open ? <div className="side-scrim only-narrow" onClick={close} /> : null}
      <div className={`sidebar ${open ? "open" : ""}`} data-testid="sidebar">
        <div className="side-head">
          <strong className="team">{world.team.name}</strong>
          <button
            type="button"
            className="icon-button"
            aria-label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
            title={theme === "dark" ? "Light theme" : "Dark theme"}
            data-testid="theme-toggle"
            onClick={toggleTheme}
          >
            <Icon name={theme === "dark" ? "sun" : "moon"} size={17} />
          </button>
        </div>
        <div className="side-scroll">
          <nav aria-label="Channels">
            <div className="side-title">Channels</div>
            {world.channels.filter(joined).map((channel) => (
              <Row
                key={channel.id}
                label={channel.name}
                testid={`channel-${channel.name}`}
                current={channel.id === current}
                unread={channel.unread}
                icon={<Icon name="hash" size={16} />}
                onClick={() => go({ kind: "channel", id: channel.id })}
              />
            ))}
          </nav>
          <DirectMessages current={current} />
          <nav aria-label="Apps">
            <div className="side-title">Apps</div>
            <Row
              label={`${world.app.name} Home`}
              testid="app-home"
              current={current === "home"}
              icon={<Icon name="home" size={16} />}
              onClick={() => go({ kind: "home" })}
            />
          </nav>
        </div>
        <UserSwitcher />
      </div>
    </>
  );
}
