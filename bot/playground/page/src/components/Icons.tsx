import type { ReactElement } from "react";

const PATHS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M3.5 15h16",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  close: "M6 6l12 12M18 6 6 18",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14.5c1 1.3 2.200 2 3.500 2s2.500-.7 3.500-2M9 9.500v.5M15 9.500v.5",
  reply: "M20 12a8 7.500 0 0 1-8 7.500c-1.300 0-2.600-.3-3.700-.8L4 20l1.300-3.600A7.200 7.200 0 0 1 4 12a8 7.500 0 0 1 16 0z",
  more: "M12 5.500v.01M12 12v.01M12 18.500v.01",
  send: "M4 4.500 20.500 12 4 19.500l2.500-7.500zM6.500 12H13",
  down: "M6 9l6 6 6-6",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300 19 19M5 19l1.700-1.700M17.300 6.700 19 5",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
  plus: "M12 5v14M5 12h14",
  check: "M5 12.500l4.500 4.500L19 7.500",
  warning: "M12 4 2.500 20h19zM12 10v4.500M12 17.200v.01",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  external: "M9 5H5v14h14v-4M13 4h7v7M20 4l-9 9",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  panel: "M4 5h16v14H4zM14.500 5v14",
  thumbUp: "M7 11v9H4v-9zM7 11l4-7.500c1.500 0 2.300 1.200 2 2.700L12.500 9.500H18a2 2 0 0 1 2 2.400l-1.200 6.200A2.300 2.300 0 0 1 16.500 20H7",
  thumbDown: "M7 13V4H4v9zM7 13l4 7.500c1.500 0 2.300-1.200 2-2.700l-.5-3.300H18a2 2 0 0 0 2-2.400l-1.200-6.200A2.300 2.300 0 0 0 16.500 4H7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }): ReactElement {
  const heavy = name === "more";
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy ? 3 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
