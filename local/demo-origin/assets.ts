// Stylesheet, script and logo, each under a name that holds a hash of its content.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export interface Asset {
  contentType: string;
  compressible: boolean;
  hash: string;
  content: Uint8Array;
}

export interface Assets {
  /** By path, such as "/assets/site.0123456789ab.css". */
  byPath: ReadonlyMap<string, Asset>;
  stylesheetPath: string;
  scriptPath: string;
  logoPath: string;
  /** Changes with any asset; pages name assets, so it is part of every page's validator. */
  hash: string;
}

const hashOf = (content: Uint8Array | string): string =>
  createHash("sha256").update(content).digest("hex").slice(0, 12);

/** Reads the three files beside this one; done once, at start-up. */
export function loadAssets(): Assets {
  const byPath = new Map<string, Asset>();
  const load = (name: string, suffix: string, contentType: string): string => {
    const content = readFileSync(new URL(`./assets/${name}.${suffix}`, import.meta.url));
    const hash = hashOf(content);
    const path = `/assets/${name}.${hash}.${suffix}`;
    byPath.set(path, { contentType, compressible: suffix !== "svg", hash, content });
    return path;
  };
  const stylesheetPath = load("site", "css", "text/css; charset=utf-8");
  const scriptPath = load("site", "js", "text/javascript; charset=utf-8");
  const logoPath = load("logo", "svg", "image/svg+xml");
  return { byPath, stylesheetPath, scriptPath, logoPath, hash: hashOf([...byPath.keys()].join()) };
}
