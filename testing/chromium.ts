// Finds the installed Chromium.
import { existsSync } from "node:fs";
import { isInstalled } from "./programs.ts";

const programs = ["chromium", "chromium-browser", "google-chrome"].map(
  (name) => `/usr/bin/${name}`,
);
/** `undefined` if Chromium is not installed. Its tests are then skipped. */
export const chromiumPath = programs.find((path) => existsSync(path));
const lack = `There is none of ${programs.join(", ")} (Debian: apt-get install chromium).`;
isInstalled("CHROMIUM", chromiumPath !== undefined, `${lack} The tests in a browser are skipped.`);
