// Stylesheet, script and logo, with a hash of the content in their names.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface Asset {
  readonly contentType: string;
  readonly content: string;
}

export interface Assets {
  /** Assets by path, such as "/assets/site.0123456789ab.css". */
  readonly byPath: ReadonlyMap<string, Asset>;
  readonly stylesheetPath: string;
  readonly scriptPath: string;
  readonly logoPath: string;
}

/** Reads the files of `assets/`, once at start-up. */
export function loadAssets(): Assets {
  const byPath = new Map<string, Asset>();
  const load = (name: string, suffix: string, contentType: string): string => {
    const content = readFileSync(new URL(`./assets/${name}.${suffix}`, import.meta.url), "utf8");
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const path = `/assets/${name}.${hash}.${suffix}`;
    byPath.set(path, { contentType, content });
    return path;
  };
  const stylesheetPath = load("site", "css", "text/css; charset=utf-8");
  const scriptPath = load("site", "js", "text/javascript; charset=utf-8");
  const logoPath = load("logo", "svg", "image/svg+xml");
  return { byPath, stylesheetPath, scriptPath, logoPath };
}
