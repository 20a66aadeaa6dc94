import { useCallback, useRef, useState, type ReactElement } from "react";
import { useSlack } from "../store/context";
import type { User } from "../types";
import { Avatar } from "./Avatar";
import { Icon } from "./Icons";
import { Popover } from "./Popover";

/** In the sidebar there is room for two lines only, so the title goes and the role stays. */
function Person({ user, brief = false }: { user: User; brief?: boolean }): ReactElement {
  return (
    <>
      <Avatar name={user.real_name || user.name} color={user.color} size={34} />
      <span className="person">
        <span className="person-name">{user.real_name || user.name}</span>
        <small>{brief ? user.role : user.title}</small>
      </span>
      {user.role && !brief ? <span className="role">{user.role}</span> : null}
    </>
  );
}

/** Whom the page acts as. Another person sees other channels, other ephemerals, and has other rights. */
export function UserSwitcher(): ReactElement {
  const { world, me, becomes } = useSlack();
  const anchor = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const people = world.users.filter((u) => !u.is_bot);
  return (
    <div className="switcher">
      <span className="side-title">Acting as</span>
      <button
        ref={anchor}
        type="button"
        className="switcher-button"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={`Acting as ${me.real_name || me.name}. Switch user`}
        data-testid="user-switcher"
        onClick={() => setOpen(!open)}
      >
        <Person user={me} brief />
        <Icon name="down" size={16} />
      </button>
      {open ? (
        <Popover anchor={anchor} close={close} className="people">
          <p className="people-hint">
            See the workspace as someone else. Open a second tab with <code>?as=name</code> to be two people at once.
          </p>
          <div role="listbox" aria-label="Act as">
            {people.map((user) => (
              <button
                key={user.id}
                type="button"
                role="option"
                aria-selected={user.id === me.id}
                className={`person-row ${user.id === me.id ? "current" : ""}`}
                data-testid={`act-as-${user.name}`}
                onClick={() => {
                  close();
                  if (user.id !== me.id) becomes(user);
                }}
              >
                <Person user={user} />
              </button>
            ))}
          </div>
        </Popover>
      ) : null}
    </div>
  );
}
