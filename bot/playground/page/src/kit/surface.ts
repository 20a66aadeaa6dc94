import { createContext, useContext } from "react";
import type { Container, PlainValue } from "../types";
import type { Confirm } from "./objects";

/** The message or view that elements are drawn in: how they ask for confirmation and tell the app. */
export interface Surface {
  container: Container;
  /** Ask first when `confirm` is given; then send. Resolves when the app has acked (false: refused or not confirmed). */
  act: (blockId: string, actionId: string, value: PlainValue | undefined, confirm?: Confirm) => Promise<boolean>;
  /** In views: the current value, kept for submit. In messages: undefined. */
  heldValue?: (blockId: string, actionId: string) => PlainValue | undefined;
  setValue?: (blockId: string, actionId: string, value: PlainValue) => void;
  errors?: Record<string, string>;
}

export const SurfaceContext = createContext<Surface | null>(null);

export function useSurface(): Surface {
  const surface = useContext(SurfaceContext);
  if (!surface) throw new Error("a Block Kit element outside of a surface");
  return surface;
}
