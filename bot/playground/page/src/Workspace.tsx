import { useCallback, useEffect, useMemo, useReducer, useState, type ReactElement } from "react";
import { addressOf, linkOf, rememberPlace, wantedPlace } from "./address";
import { Api, getState } from "./api";
import { ChannelView } from "./components/ChannelView";
import { DemoPanel } from "./components/DemoPanel";
import { HomeView } from "./components/HomeView";
import { Lightbox } from "./components/Lightbox";
import { Notices } from "./components/Notices";
import { Sidebar } from "./components/Sidebar";
import { ThreadPane } from "./components/ThreadPane";
import { Toasts } from "./components/Toasts";
import { ViewStack } from "./kit/ViewStack";
import { explain, SlackContext, type Picture, type Slack } from "./store/context";
import { firstWorld, reduce, type Place } from "./store/reducer";
import { useStream } from "./store/stream";
import type { Theme } from "./theme";
import type { PlayState, User } from "./types";
import { usePanelOpen } from "./usePanelOpen";

interface Props {
  first: PlayState;
  me: User;
  theme: Theme;
  toggleTheme: () => void;
  becomes: (user: User) => void;
}

/** Everything one acting user sees. Mounted anew for another user, so nothing leaks between people. */
export function Workspace({ first, me, theme, toggleTheme, becomes }: Props): ReactElement {
  const [world, dispatch] = useReducer(reduce, first, (state) => firstWorld(state, wantedPlace(state, me)));
  const api = useMemo(() => new Api(me.id), [me.id]);
  const [picture, enlarge] = useState<Picture | null>(null);
  const [sidebarOpen, setSidebarOpen] = useState(false);
  const panel = usePanelOpen(world.thread !== null);

  const report = useCallback((error: unknown) => {
    dispatch({ type: "toast", ...explain(error), level: "warning" });
  }, []);

  const loadChannel = useCallback(
    async (channel: string): Promise<void> => {
      const page = await api.messages(channel);
      dispatch({ type: "page", channel, messages: page.messages, hasMore: page.has_more, older: false });
    },
    [api],
  );

  const loadThread = useCallback(
    async (channel: string, ts: string): Promise<void> => {
      const { messages } = await api.thread(channel, ts);
      dispatch({ type: "thread_loaded", ts, messages });
    },
    [api],
  );

  const catchUp = useCallback(async (): Promise<void> => {
    dispatch({ type: "state", state: await getState(me.id) });
    await Promise.all(Object.keys(world.timelines).map(loadChannel));
    dispatch({ type: "views", views: (await api.views()).views });
    if (world.thread) await loadThread(world.thread.channel, world.thread.ts);
  }, [api, me.id, world.timelines, world.thread, loadChannel, loadThread]);

  useStream(api.streamUrl(), {
    onEvent: (event) => dispatch({ type: "stream", event, me: me.id }),
    onUp: () => {
      dispatch({ type: "online", online: true });
      catchUp().catch(report);
    },
    onDown: () => dispatch({ type: "online", online: false }),
  });

  const placeKey = world.place.kind === "channel" ? world.place.id : "home";
  useEffect(() => {
    if (placeKey === "home") {
      api.home().then(({ view }) => dispatch({ type: "home", view }), report);
    } else {
      loadChannel(placeKey).catch(report);
    }
  }, [placeKey, api, loadChannel, report]);

  useEffect(() => {
    const channel = world.channels.find((c) => c.id === placeKey);
    const address = channel ? addressOf(channel, world.users) : "home";
    rememberPlace(me, address);
    document.title = `${channel && !channel.is_im ? "#" : ""}${address.replace("@", "")} · ${world.team.name}`;
  }, [me, placeKey, world.channels, world.users, world.team.name]);

  const go = useCallback((place: Place, focus: string | null = null) => {
    dispatch({ type: "go", place, focus });
    setSidebarOpen(false);
  }, []);

  const openThread = useCallback(
    (channel: string, ts: string) => {
      dispatch({ type: "open_thread", thread: { channel, ts } });
      loadThread(channel, ts).catch(report);
    },
    [loadThread, report],
  );

  useEffect(() => {
    const link = linkOf(location.href);
    if (!link) return;
    dispatch({ type: "go", place: { kind: "channel", id: link.channel }, focus: link.thread ?? link.ts });
    if (link.thread) openThread(link.channel, link.thread);
    history.replaceState(null, "", `/${location.search}`);
    // Only the address the page was opened with counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const slack: Slack = useMemo(
    () => ({ world, me, api, dispatch, go, openThread, becomes, enlarge, theme }),
    [world, me, api, go, openThread, becomes, theme],
  );

  const hasPanel = world.panel !== null;
  const classes = ["shell", world.thread ? "with-thread" : "", hasPanel && panel.open ? "with-panel" : ""];
  const header = {
    openSidebar: () => setSidebarOpen(true),
    panelTitle: hasPanel && !panel.open ? (world.panel?.title ?? null) : null,
    openPanel: panel.show,
  };

  return (
    <SlackContext.Provider value={slack}>
      <div className="page">
        <Notices />
        <div className={classes.join(" ")}>
          <Sidebar open={sidebarOpen} close={() => setSidebarOpen(false)} theme={theme} toggleTheme={toggleTheme} />
          {world.place.kind === "channel" ? (
            <ChannelView key={world.place.id} channelId={world.place.id} header={header} />
          ) : (
            <HomeView header={header} />
          )}
          {world.thread ? <ThreadPane key={world.thread.ts} thread={world.thread} /> : null}
          {world.panel && panel.open ? <DemoPanel panel={world.panel} close={panel.hide} /> : null}
        </div>
      </div>
      <ViewStack />
      {picture ? <Lightbox picture={picture} close={() => enlarge(null)} /> : null}
      <Toasts />
    </SlackContext.Provider>
  );
}
