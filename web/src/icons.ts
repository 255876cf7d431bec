/** The line drawings of buttons and of the flow picture: 24×24, one stroke, no fill. */
import { svg } from "./dom.js";

const paths = {
  play: "M8 5.5v13l10.5-6.5z",
  copy: "M9 9h10v10H9zM5 15V5h10",
  check: "M5 12.5l4.5 4.5L19 7.5",
  undo: "M9 7L4.5 11.5L9 16M5 11.5h9a5 5 0 0 1 0 10h-3",
  reset: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 4v4h-4",
  hint: "M9.5 18h5M10.5 21h3M12 3a6 6 0 0 0-3.6 10.8c.7.5 1.1 1.2 1.1 2.2h5c0-1 .4-1.700 1.100-2.200A6 6 0 0 0 12 3z",
  chevron: "M9 6l6 6l-6 6",
  down: "M6 9l6 6l6-6",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  book: "M4 5.500c3-1 5.500-.5 8 1.500c2.500-2 5-2.500 8-1.500v13c-3-1-5.500-.5-8 1.500c-2.500-2-5-2.500-8-1.500zM12 7v13",
  file: "M7 3.500h7l4 4v13H7zM14 3.500v4h4",
  warning: "M12 4l9 16H3zM12 10v4.500M12 17.200v.3",
  cross: "M6.500 6.500l11 11M17.500 6.500l-11 11",
  clock: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16zM12 7.500V12l3 2",
  download: "M12 4v11M7.500 11l4.500 4.500l4.500-4.500M5 20h14",
  leaf: "M5 19c0-9 5-14 14-14c0 9-5 14-14 14zM5 19l7-7",

  command: "M4.500 6.500l5 5.500l-5 5.500M12 18h7.500",
  secret: "M8 11V8a4 4 0 0 1 8 0v3M6 11h12v9H6zM12 14.500v2",
  store: "M5 6.500c0-3.300 14-3.300 14 0s-14 3.300-14 0zM5 6.500v11c0 3.300 14 3.300 14 0v-11M5 12c0 3.300 14 3.300 14 0",
  pod: "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500l8-4.500M12 12v9",
  account: "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM4.500 20c.8-4 3.600-6 7.500-6s6.700 2 7.500 6",
  kubelet: "M12 8.500a3.500 3.500 0 1 0 0 7a3.500 3.500 0 0 0 0-7zM12 2.500v4M12 17.500v4M2.500 12h4M17.500 12h4M5.300 5.300l2.800 2.800M15.900 15.900l2.800 2.800M5.300 18.700l2.800-2.800M15.900 8.100l2.800-2.800",
  registry: "M4 4.500h16v6H4zM4 13.500h16v6H4zM7.500 7.500h.1M7.500 16.500h.1M11 7.500h6M11 16.500h6",
  image: "M12 3.500l8.500 4.300L12 12L3.500 7.800zM3.500 12L12 16.200L20.500 12M3.500 16.200L12 20.500l8.500-4.300",
  container: "M3.500 7h17v10.500h-17zM7.500 10v4.500M12 10v4.500M16.500 10v4.500",
  node: "M4 5h16v11H4zM9 20h6M12 16v4",
} as const;

export type Icon = keyof typeof paths;

/** Decoration only: hidden from assistive technology. */
export function icon(name: Icon): SVGSVGElement {
  return svg("svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" }, svg("path", { d: paths[name] }));
}

export function iconPath(name: Icon): string {
  return paths[name];
}
