// Exports of `tidemark/esi`: fragments of pages by Edge Side Includes.
// See docs/esi.md.
import { OperatorError } from "../../base/operator-error.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { RoutePart } from "../../part/port/part.ts";
import { EsiPages } from "./esi-pages.ts";
import { defaultOptions, type EsiOptions } from "./options.ts";

export type { EsiOptions } from "./options.ts";

/** Announces the processing of ESI tags to origins (Edge Architecture Specification, §2.3). */
const esiCapability = 'tidemark="Surrogate/1.0 ESI/1.0"';

/**
 * Replaces the ESI tags in pages of a route by their fragments, each of which has its own lifetime.
 *
 * @param mode the pages whose tags are processed: those that the origin declares in
 *   `Surrogate-Control` (`"declared"`), or all HTML (`"html"`)
 * @throws OperatorError for an option outside its limits
 * @example
 * defineConfig({ routes: [{ name: "pages", match: "*", use: [esi("html", { includesMax: 12 })] }] });
 */
export function esi(
  mode: "declared" | "html" = "declared",
  { includesMax = defaultOptions.includesMax }: EsiOptions = {},
): RoutePart {
  if (mode !== "declared" && mode !== "html") {
    throw new OperatorError({
      what: "The Worker does not start.",
      why: `esi has the mode ${JSON.stringify(mode)}.`,
      hint: 'Write esi("declared") or esi("html").',
    });
  }
  if (!Number.isInteger(includesMax) || includesMax < 1 || includesMax > 1_000) {
    throw new OperatorError({
      what: "The Worker does not start.",
      why: `esi has includesMax: ${includesMax}.`,
      hint: "Give a whole number from 1 to 1000.",
    });
  }
  const contents: PartContents = { fills: { openAssembly: () => new EsiPages() } };
  const options: typeof defaultOptions = { includesMax };
  const traits = {
    assembles: true,
    surrogateCapability: mode === "declared" ? esiCapability : undefined,
  };
  return { kind: "route", name: "esi", traits, options, contents };
}
