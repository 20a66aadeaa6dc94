import { Fragment, memo, useMemo, type ReactElement, type ReactNode } from "react";
import { Message as LibraryMessage, type Block, type MessageProps } from "slack-blocks-to-jsx";
import { linkOf } from "../address";
import { emoji } from "../format";
import { useSlack, type Slack } from "../store/context";
import type { Channel, Group, User } from "../types";
import { formatted, localised, unfolded } from "./local";

type Hooks = NonNullable<MessageProps["hooks"]>;
type LooseBlock = { type: string; [key: string]: unknown };

interface Props {
  blocks: readonly LooseBlock[];
}

/** The library takes all between two colons without a blank for an emoji: also ":20⏎05:" of two times. */
function emojiOrText(name: string): ReactNode {
  if (!name.startsWith(":")) return emoji(name);
  return name.split("\n").map((line, index) => (
    <Fragment key={index}>
      {index > 0 ? <br /> : null}
      {line}
    </Fragment>
  ));
}

function hooksFor(me: string, users: readonly User[], groups: readonly Group[], channels: readonly Channel[], go: Slack["go"], openThread: Slack["openThread"]): Hooks {
  const userName = (id: string, given: string): string => users.find((u) => u.id === id)?.name ?? given;
  const mark = (text: string): ReactNode => <span className="mention mention-broad">{text}</span>;
  return {
    user: ({ id, name }) => (
      <span className={`mention ${id === me ? "mention-me" : ""}`}>@{userName(id, name || id)}</span>
    ),
    usergroup: ({ id }) => {
      const group = groups.find((g) => g.id === id);
      return <span className={`mention ${group?.members.includes(me) ? "mention-me" : ""}`}>@{group?.handle ?? id}</span>;
    },
    channel: ({ id, name }) => {
      const channel = channels.find((c) => c.id === id);
      return (
        <button type="button" className="mention" onClick={() => channel && go({ kind: "channel", id: channel.id })}>
          #{channel?.name ?? (name || id)}
        </button>
      );
    },
    emoji: (data, parse) => (data.name.startsWith("skin-tone") ? parse(data) : emojiOrText(data.name)),
    atHere: () => mark("@here"),
    atChannel: () => mark("@channel"),
    atEveryone: () => mark("@everyone"),
    link: ({ href, children }) => (
      <a
        href={href}
        target="_blank"
        rel="noopener noreferrer"
        onClick={(event) => {
          const link = linkOf(href);
          if (!link || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          go({ kind: "channel", id: link.channel }, link.thread ?? link.ts);
          if (link.thread) openThread(link.channel, link.thread);
        }}
      >
        {children}
      </a>
    ),
  };
}

/** Blocks that only show something: drawn by slack-blocks-to-jsx. */
export const LibraryBlocks = memo(function LibraryBlocks({ blocks }: Props): ReactElement {
  const { world, me, go, openThread, theme } = useSlack();
  const { users, groups, channels } = world;
  const data = useMemo(
    () => ({
      users: users.map(({ id, name }) => ({ id, name })),
      user_groups: groups.map(({ id, handle }) => ({ id, name: handle })),
      channels: channels.map(({ id, name }) => ({ id, name })),
    }),
    [users, groups, channels],
  );
  const hooks = useMemo(
    () => hooksFor(me.id, users, groups, channels, go, openThread),
    [me.id, users, groups, channels, go, openThread],
  );
  // Block Kit arrives as JSON that the server has checked; the library's union cannot be proven here.
  const drawn = useMemo(() => formatted(localised(blocks.map(unfolded))) as unknown as Block[], [blocks]);
  return <LibraryMessage blocks={drawn} name="" logo="" withoutWrapper theme={theme} data={data} hooks={hooks} />;
});
