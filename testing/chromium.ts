// Finds the installed Chromium.
import { existsSync } from "node:fs";

const programs = ["chromium", "chromium-browser", "google-chrome"].map(
  (name) => `/usr/bin/${name}`,
);
/** `undefined` if Chromium is not installed. Its tests are then skipped. */
export const chromiumPath = programs.find((path) => existsSync(path));
if (chromiumPath === undefined) {
  const lack = `There is none of ${programs.join(", ")} (Debian: apt-get install chromium).`;
  if (process.env["TIDEMARK_REQUIRE_CHROMIUM"] === "1") {
    throw new Error(`TIDEMARK_REQUIRE_CHROMIUM is 1, but: ${lack}`);
  }
  console.warn(`${lack} The tests in a browser are skipped.`);
}
