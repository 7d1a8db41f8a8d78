// Line icons, drawn here so that the page needs nothing from elsewhere.

const PATHS = {
  start: "M12 5v14M5 12h14",
  exam: "M4 4h16v12H4zM8 20h8M12 16v4M9 7c2 1 4 1 6 0M9 10c2 1 4 1 6 0M12 7v6",
  retrieve: "M4 4h16v5H4zM5 9v11h14V9M12 12v5M9.5 14.5l2.5 2.5 2.5-2.5",
  studies: "M4 6h16M4 12h16M4 18h10",
  jobs: "M12 4v11M7 9l5-5 5 5M5 20h14",
  system:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1",
  emergency: "M12 3l9 17H3zM12 10v4M12 17v.5",
  contrast: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  move: "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3",
  invert: "M4 4h16v16H4zM4 20L20 4M12 20h8v-8z",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  oneToOne: "M5 8l2-2v12M16 8l2-2v12M11.5 9.5v.5M11.5 14v.5",
  reset: "M5 12a7 7 0 1 1 2 5M5 20v-4h4",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6L6 18",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  subtract: "M4 4h11v11H4zM9 9h11v11H9z",
  mask: "M4 6h16v12H4zM8 12h8",
  back: "M14 6l-6 6 6 6",
  forward: "M10 6l6 6-6 6",
  send: "M4 12l16-8-6 16-3-7z",
  print: "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
  export: "M12 3v11M8 10l4 4 4-4M5 15v6h14v-6",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  hand: "M9 3h6v7H9zM10 10v11h4V10M12 6v.5",
  archive: "M4 4h16v5H4zM5 9v11h14V9M10 13h4",
  search: "M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
  refresh: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 28 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
