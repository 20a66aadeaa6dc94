import { useMemo, type ReactElement } from "react";
import { Blocks } from "../kit/Blocks";
import { SurfaceProvider } from "../kit/SurfaceProvider";
import { useSlack } from "../store/context";
import type { Container } from "../types";
import { Avatar } from "./Avatar";
import { ChannelHeader, type HeaderControls } from "./ChannelHeader";
import { useOpenDm } from "./useOpenDm";

/** The app's Home tab. */
export function HomeView({ header }: { header: HeaderControls }): ReactElement {
  const { world } = useSlack();
  const openDm = useOpenDm();
  const { app, home } = world;
  const viewId = home?.id ?? "";
  const container = useMemo<Container>(() => ({ type: "view", view_id: viewId }), [viewId]);
  return (
    <main className="channel" aria-label={`${app.name}, Home tab`} data-testid="home">
      <ChannelHeader
        controls={header}
        topic=""
        title={
          <>
            <Avatar name={app.name} color={app.color} size={24} />
            <span>{app.name}</span>
          </>
        }
        extra={
          <button type="button" className="button" onClick={() => void openDm(app.bot_user_id)}>
            Messages
          </button>
        }
      />
      <div className="home-scroll">
        <div className="home-body">
          {home ? (
            <SurfaceProvider container={container}>
              <Blocks blocks={home.blocks} />
            </SurfaceProvider>
          ) : (
            <p className="muted">
              {world.homeLoaded ? `${app.name} has not published a Home tab yet.` : "Loading the Home tab"}
            </p>
          )}
        </div>
      </div>
    </main>
  );
}
