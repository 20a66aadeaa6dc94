import { useEffect, useRef } from "react";
import type { StreamEvent } from "../types";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8000;

interface Listener {
  onEvent: (event: StreamEvent) => void;
  /** Every time the stream is up, also after a drop: the moment to catch up. */
  onUp: () => void;
  onDown: () => void;
}

/** Keep one WebSocket open, for as long as the component lives. */
export function useStream(url: string, listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;

  useEffect(() => {
    let socket: WebSocket | null = null;
    let timer: number | undefined;
    let wait = FIRST_WAIT_MS;
    let over = false;

    const connect = (): void => {
      socket = new WebSocket(url);
      socket.onopen = () => {
        wait = FIRST_WAIT_MS;
        latest.current.onUp();
      };
      socket.onmessage = (frame: MessageEvent<string>) => {
        latest.current.onEvent(JSON.parse(frame.data) as StreamEvent);
      };
      socket.onclose = () => {
        if (over) return;
        latest.current.onDown();
        timer = window.setTimeout(connect, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      };
    };
    connect();
    return () => {
      over = true;
      window.clearTimeout(timer);
      socket?.close();
    };
  }, [url]);
}
