import { useCallback } from "react";
import { getState } from "../api";
import { attempt, useSlack } from "../store/context";

/** Open the direct message with a user, and go there. */
export function useOpenDm(): (user: string) => Promise<void> {
  const { world, api, dispatch, go } = useSlack();
  return useCallback(
    async (user: string): Promise<void> => {
      const known = world.channels.find((c) => c.is_im && c.user === user);
      if (known) {
        go({ kind: "channel", id: known.id });
        return;
      }
      await attempt({ dispatch }, async () => {
        const { channel } = await api.dm(user);
        dispatch({ type: "state", state: await getState(api.as) });
        go({ kind: "channel", id: typeof channel === "string" ? channel : channel.id });
      });
    },
    [world.channels, api, dispatch, go],
  );
}
