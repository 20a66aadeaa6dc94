import { useEffect, useState } from "react";

/** Width in CSS pixels below which a thread and the demo panel do not both fit beside the conversation. */
const ROOM_FOR_BOTH = 1400;
const ROOM_FOR_PANEL = 1100;

interface PanelState {
  open: boolean;
  show: () => void;
  hide: () => void;
}

/** Open at first where there is room; yields to a thread, and comes back when the thread is closed. */
export function usePanelOpen(threadOpen: boolean): PanelState {
  const [wanted, setWanted] = useState(() => window.innerWidth >= ROOM_FOR_PANEL);
  const [yields, setYields] = useState(false);

  useEffect(() => {
    setYields(threadOpen && window.innerWidth < ROOM_FOR_BOTH);
  }, [threadOpen]);

  return {
    open: wanted && !yields,
    show: () => {
      setWanted(true);
      setYields(false);
    },
    hide: () => setWanted(false),
  };
}
