// Exports of `tidemark/esi`: fragments of pages by Edge Side Includes.
import { OperatorError } from "../base/operator-error.ts";
import type { EsiPart } from "../pages/site/esi-port.ts";
import { EsiPages } from "./esi-pages.ts";
import type { Esi } from "./port/esi.ts";

export type { Esi } from "./port/esi.ts";

/** Options of ESI. */
export interface EsiOptions {
  /**
   * The number of fragments of a page, including those of its fragments, 1 to 1,000. Default: 64. On
   * Workers Free, which allows 50 subrequests, set 12.
   */
  readonly includesMax?: number | undefined;
}

/**
 * Replaces the ESI tags in pages of routes with `esi` by their fragments, each of which has its own
 * lifetime.
 *
 * @throws OperatorError for an option outside its limits
 * @example
 * export default createWorker(config, { esi: esi({ includesMax: 12 }) });
 */
export function esi({ includesMax = 64 }: EsiOptions = {}): Esi {
  if (!Number.isInteger(includesMax) || includesMax < 1 || includesMax > 1_000) {
    throw new OperatorError({
      what: "The Worker does not start.",
      why: `esi has includesMax: ${includesMax}.`,
      hint: "Give a whole number from 1 to 1000.",
    });
  }
  const part: EsiPart = { open: () => new EsiPages(includesMax) };
  return { kind: "esi", part };
}
