import { useCallback, type ReactElement } from "react";
import { attempt, useSlack } from "../store/context";
import { Avatar } from "./Avatar";
import { ChannelHeader, type HeaderControls } from "./ChannelHeader";
import { Composer } from "./Composer";
import { Icon } from "./Icons";
import { MessageList } from "./MessageList";

interface Props {
  channelId: string;
  header: HeaderControls;
}

export function ChannelView({ channelId, header }: Props): ReactElement {
  const { world, me, api, dispatch } = useSlack();
  const channel = world.channels.find((c) => c.id === channelId);
  const timeline = world.timelines[channelId];
  const messages = timeline?.messages ?? [];
  const oldest = messages.find((m) => !m.ephemeral)?.ts;

  const loadOlder = useCallback(async (): Promise<void> => {
    await attempt({ dispatch }, async () => {
      const page = await api.messages(channelId, oldest);
      dispatch({ type: "page", channel: channelId, messages: page.messages, hasMore: page.has_more, older: true });
    });
  }, [api, channelId, dispatch, oldest]);

  const other = channel?.is_im ? world.users.find((u) => u.id === channel.user) : undefined;
  const name = other ? other.real_name || other.name : (channel?.name ?? channelId);
  const spoken = other ? name : `#${name}`;
  const beginning = timeline ? (
    <div className="beginning">
      <h2>{spoken}</h2>
      <p className="muted">
        {other ? `This is the start of your conversation with ${name}.` : `This is the very beginning of ${spoken}. ${channel?.topic ?? ""}`}
      </p>
    </div>
  ) : (
    <p className="older muted">Loading messages</p>
  );
  return (
    <main className="channel" aria-label={spoken}>
      <ChannelHeader
        controls={header}
        topic={other ? other.title : (channel?.topic ?? "")}
        title={
          <>
            {other ? <Avatar name={name} color={other.color} size={24} /> : <Icon name="hash" size={18} />}
            <span>{name}</span>
          </>
        }
      />
      <MessageList
        messages={messages}
        hasMore={timeline?.hasMore ?? false}
        loadOlder={loadOlder}
        top={beginning}
        label={`Messages in ${spoken}`}
        me={me.id}
        focus={world.focus}
      />
      <Composer channel={channelId} placeholder={`Message ${spoken}`} />
    </main>
  );
}
