// A helper that returns the refusal of a configuration, and texts that many refusals share.
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { OperatorError } from "../../src/base/operator-error.ts";

/** Returns the message's middle sentence, which names places and faults, or "accepted". */
export function refusalOf(written: unknown): string {
  try {
    defineConfig(written as WrittenConfig);
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return cause.message
      .replace("The configuration is invalid. ", "")
      .replace(". Write `export default defineConfig({ … })`.", "")
      .replace(". Fix it in your configuration, such as tidemark.config.ts.", "");
  }
  return "accepted";
}

export const route = (changes: object) => ({
  routes: [{ name: "news", match: "/news/*", ...changes }],
});

export const isDuration = 'must be a duration: a number with s, m, h or d, such as "5m"';
